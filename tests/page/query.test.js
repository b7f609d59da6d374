import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  asksNothing,
  changed,
  EMPTY,
  fromUrl,
  toSearch,
  toUrl,
} from "../../server/web/state/query.js";

const cases = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
// The first are those that the command line's links are held to as well.
const addresses = [...cases("links.json"), ...cases("addresses.json")];

for (const { search, query } of addresses) {
  test(`the address ${search || "of nothing"} is read and written`, () => {
    assert.deepEqual(fromUrl(`http://127.0.0.1:8000/${search}`), { ...EMPTY, ...query });
    assert.equal(toUrl(changed(EMPTY, query)), search);
  });
}

test("what an address says that cannot be is left out", () => {
  const url =
    "?in=smell&kind=7&min=high&match=magic&fusion=&view=list&where=[1]&up=x,image&like=&w=a";
  assert.deepEqual(fromUrl(url), EMPTY);
  assert.deepEqual(fromUrl("?where={&q=owl#part").terms, [{ text: "owl", weight: 1 }]);
  assert.deepEqual(
    fromUrl("?q=a&q=b&w=9,-9").terms.map((term) => term.weight),
    [2, -2],
  );
});

test("a filter that the page cannot show is left out, and a value alone is what a field equals", () => {
  const where = (text) => fromUrl(`?where=${encodeURIComponent(text)}`).where;
  assert.deepEqual(where('{"a":5,"b":"x","c":null,"d":{"$in":["x",1]}}'), {
    a: { $eq: 5 },
    b: { $eq: "x" },
    c: { $eq: null },
    d: { $in: ["x", 1] },
  });
  assert.deepEqual(where('{"a":[1],"b":{"$not":{"$eq":1}},"$and":[{"a":1}],"c":{}}'), {});
  assert.deepEqual(where(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`), {});
});

test("an address has at most as many terms as a search takes", () => {
  assert.equal(fromUrl(`?${"q=a&".repeat(40)}`).terms.length, 32);
});

test("a search has only what differs from the usual", () => {
  const query = changed(EMPTY, {
    terms: [
      { text: "owl", weight: 1 },
      { text: " ", weight: 1 },
    ],
  });
  assert.deepEqual(toSearch(query), { terms: [{ text: "owl", weight: 1 }] });
  const filtered = fromUrl(
    "?like=a&up=q-1,image,x.jpg&w=1,-1&in=text&kind=document&min=0.5&where={%22a%22:{%22$eq%22:1}}&match=vector&fusion=round_robin",
  );
  assert.deepEqual(toSearch(filtered), {
    terms: [
      { like: "a", weight: 1 },
      { upload: "q-1", weight: -1 },
    ],
    modalities: ["text"],
    kinds: ["document"],
    where: { a: { $eq: 1 } },
    min_score: 0.5,
    match: "vector",
    fusion: "round_robin",
  });
});

test("an empty text asks for nothing", () => {
  assert.ok(asksNothing(fromUrl("?q=+&in=image")));
  assert.ok(!asksNothing(fromUrl("?like=a")));
});

test("the link of the docs asks for what stands beside it", () => {
  const page = readFileSync(new URL("../../docs/page.md", import.meta.url), "utf8");
  const [link] = /http:\S+\?\S+/.exec(page);
  assert.deepEqual(fromUrl(link), {
    ...EMPTY,
    terms: [
      { text: "a street", weight: 1 },
      { like: "rain-7", weight: 0.5 },
      { text: "at night", weight: -1 },
    ],
    modalities: ["image"],
  });
});
