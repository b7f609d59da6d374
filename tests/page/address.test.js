import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { changed, EMPTY } from "../../server/web/state/query.js";

// A browser's history, as far as the address needs it.
const entries = [];
const put = (at) => (state, _, url) => {
  entries.splice(at(), entries.length, { state, url });
  [globalThis.location.pathname, globalThis.location.search] = url.split(/(?=\?)/).concat("");
};
globalThis.location = { pathname: "/any/", search: "" };
globalThis.history = {
  get state() {
    return entries.at(-1)?.state ?? null;
  },
  pushState: put(() => entries.length),
  replaceState: put(() => Math.max(0, entries.length - 1)),
  go: (by) => entries.splice(by),
};

const { address } = await import("../../server/web/service/address.js");
const query = (text, item = null) => changed(EMPTY, { terms: [{ text, weight: 1 }], item });
const urls = () => entries.map((entry) => entry.url);

beforeEach(() => entries.splice(0, entries.length, { state: null, url: "/any/" }));

test("letters that are typed are one step, and what follows them is another", () => {
  address.write(query("o"), { isPassing: true });
  address.write(query("owl"), { isPassing: true });
  address.write(query("owl"));
  address.write(query("owls"), { isPassing: true });
  address.write(query("owls", "a"), { isOver: true });
  assert.deepEqual(urls(), ["/any/", "/any/?q=owl", "/any/?q=owls", "/any/?q=owls&item=a"]);
});

test("what lies over the page is closed by going back, from whichever hit one came to", () => {
  address.write(query("owl"));
  assert.equal(address.goBack(), false);
  address.write(query("owl", "a"), { isOver: true });
  address.write(query("owl", "b"), { replaces: true });
  address.write(query("owl", "c"), { isOver: true });
  assert.equal(address.goBack(), true);
  assert.deepEqual(urls(), ["/any/", "/any/?q=owl"]);
});
