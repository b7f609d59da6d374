import assert from "node:assert/strict";
import { test } from "node:test";
import { oddsOf } from "../../server/web/state/asking/odds.js";
import { flowing } from "../../server/web/state/hits/flowing.js";
import { marked, wordsOf } from "../../server/web/state/hits/marking.js";
import {
  factsOf,
  nameOf,
  placeOf,
  rarityOf,
  titleOf,
} from "../../server/web/state/hits/telling.js";
import { lookOf, shapeOf } from "../../server/web/state/hits/tiles.js";
import { fileName } from "../../server/web/state/names.js";
import { clock, clockSpan } from "../../server/web/state/times.js";

const hit = (values = {}) => ({ id: "a", source: "", kind: "text", metadata: {}, ...values });

test("times are written as on a clock", () => {
  assert.equal(clock(7.9), "0:07");
  assert.equal(clock(750), "12:30");
  assert.equal(clock(3723), "1:02:03");
  assert.equal(clockSpan(20, 29.2), "0:20–0:30");
});

test("a score says how rare it is, and where that is extrapolated", () => {
  assert.deepEqual(oddsOf(1), { one: 10, isExtrapolated: false });
  assert.deepEqual(oddsOf(2), { one: 100, isExtrapolated: false });
  assert.deepEqual(oddsOf(2.5), { one: 300, isExtrapolated: true });
  assert.deepEqual(oddsOf(0), { one: 1, isExtrapolated: false });
  assert.deepEqual(oddsOf(-3), { one: 1, isExtrapolated: false });
  assert.equal(rarityOf(2), "one in 100 unrelated items scores so high");
  assert.match(rarityOf(4), /10,000.*extrapolated/);
  assert.match(rarityOf(9.5), /^fewer than one in 1,000,000 unrelated items score so high \(extra/);
});

test("an item is called by its file, or by how its text begins", () => {
  assert.equal(nameOf(hit({ source: "/home/ada/photos/sun set.jpg" })), "sun set.jpg");
  assert.equal(nameOf(hit({ source: "C:\\photos\\a.jpg" })), "a.jpg");
  assert.equal(nameOf(hit({ source: "x", metadata: { filename: "shore.flac" } })), "shore.flac");
  assert.equal(
    nameOf(hit({ source: "text:7f", text: " A lighthouse.\nIn fog." })),
    "A lighthouse.",
  );
  assert.equal(nameOf(hit({ text: "a".repeat(99) })).length, 61);
  assert.equal(fileName("https://example.com/a/b.png"), "b.png");
});

test("places and facts are told where there are any", () => {
  assert.equal(placeOf({ start: 10, end: 20, unit: "seconds" }), "0:10–0:20");
  assert.equal(placeOf({ start: 0, end: 99, unit: "characters", page: null }), "");
  assert.equal(placeOf({ page: 12 }), "page 12");
  assert.deepEqual(factsOf(hit()), []);
  const found = { score: 2.345, route: "words", space: "starter", modality: "text", origin: "ocr" };
  assert.deepEqual(factsOf(found), [
    "2.35",
    "by its words",
    "Texts",
    "words in the picture",
    "starter",
  ]);
});

test("words of the query are marked whole, in other forms too", () => {
  const words = wordsOf("The Waves on a beach, and the sea");
  assert.deepEqual(words, ["waves", "beach", "sea"]);
  const parts = marked("Each wave on the Beaches; no seals at all.", words);
  assert.deepEqual(
    parts.filter((part) => part.isMarked).map((part) => part.text),
    ["wave", "Beaches"],
  );
  assert.equal(
    parts.map((part) => part.text).join(""),
    "Each wave on the Beaches; no seals at all.",
  );
  assert.deepEqual(marked("as it is", []), [{ text: "as it is", isMarked: false }]);
});

test("lines that were wrapped flow, and verses, lists and paragraphs stay", () => {
  const wrapped = `${"word ".repeat(16)}\n${"word ".repeat(16)}\nend.\n\nNew.`;
  assert.ok(!/[^\n]\n[^\n]/.test(flowing(wrapped)));
  assert.match(flowing(wrapped), /\n\nNew/);
  const verse = "From fairest creatures we desire increase,\nThat thereby beauty's rose";
  assert.equal(flowing(verse), verse);
  const list = `${"a".repeat(80)}\n- one`;
  assert.equal(flowing(list), list);
});

test("what a hit is shown as depends on what it is", () => {
  assert.equal(lookOf(hit({ kind: "image", modality: "text" })), "picture");
  assert.equal(lookOf(hit({ kind: "document", modality: "text" })), "passage");
  assert.equal(lookOf(hit({ kind: "document", modality: "image", source: "a.PDF" })), "page");
  assert.equal(lookOf(hit({ kind: "document", source: "a.pdf" })), "page");
  assert.equal(lookOf(hit({ kind: "document", source: "a.docx" })), "passage");
  assert.equal(lookOf(hit({ kind: "audio", modality: "text" })), "sound");
  const stated = hit({ kind: "image", metadata: { width: 300, height: 100 } });
  assert.equal(shapeOf(stated, 1000, undefined).aspect, 3);
  assert.equal(shapeOf(stated, 1000, 0.5).aspect, 0.5);
  assert.equal(shapeOf(stated, 1000, 0.5).most, undefined);
  const [short, long] = ["word ".repeat(9), "word ".repeat(99)];
  assert.ok(shapeOf(hit({ text: short }), 1000).most < shapeOf(hit({ text: long }), 1000).most);
  assert.ok(
    shapeOf(hit({ kind: "audio" }), 360, undefined).aspect >
      shapeOf(hit({ kind: "audio" }), 1000, undefined).aspect,
  );
});

test("the window is called by what is asked", () => {
  const terms = [
    { text: " owl ", weight: 1 },
    { like: "x", weight: 1 },
    { text: "", weight: 1 },
  ];
  assert.equal(titleOf({ terms }), "owl – anysense");
  assert.equal(titleOf({ terms: [] }), "anysense");
});
