import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_EXPORTED, marked, selectingActions } from "../../server/web/state/hits/selecting.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

const hit = (id) => ({ id, source: `/${id}`, kind: "image", metadata: {} });
const hits = ["a", "b", "c", "d"].map(hit);

function page({ selection = [], pages = 0, refuses = null } = {}) {
  const saved = [];
  const copied = [];
  const files = {
    save: (file) => saved.push(file),
    copy: (text) => {
      if (refuses) return Promise.reject(refuses);
      copied.push(text);
      return Promise.resolve();
    },
  };
  let left = pages;
  const results = { ...INITIAL.results, hits, status: "done", nextCursor: left ? "next" : null };
  const store = createStore({ ...INITIAL, results, selection: new Set(selection) });
  const more = () => {
    left -= 1;
    const now = store.get().results;
    const more = hits.map(({ id }) => hit(`${id}${left}`));
    const nextCursor = left > 0 ? "next" : null;
    store.set({ results: { ...now, hits: [...now.hits, ...more], nextCursor } });
    return Promise.resolve();
  };
  const told = [];
  const actions = selectingActions(store, { files }, more, (notice) => told.push(notice));
  return { store, saved, copied, told, actions };
}

test("a hit is marked, and no longer", () => {
  assert.deepEqual([...marked(hits, new Set(["a"]), "c", null)], ["a", "c"]);
  assert.deepEqual([...marked(hits, new Set(["a", "c"]), "c", null)], ["a"]);
});

test("a range goes both ways, and one without a beginning is the hit alone", () => {
  const { store, actions } = page();
  actions.select("c");
  actions.select("a", true);
  assert.deepEqual([...store.get().selection].sort(), ["a", "b", "c"]);
  actions.selectNone();
  actions.select("d", true);
  assert.deepEqual([...store.get().selection], ["d"]);
  actions.selectAll();
  assert.equal(store.get().selection.size, 4);
});

test("what is marked is saved, in the order of the hits", async () => {
  const { saved, actions } = page({ selection: ["d", "b"], pages: 3 });
  await actions.exportHits("paths");
  assert.equal(saved[0].text, "/b\n/d\n");
});

test("where nothing is marked all pages are saved", async () => {
  const { saved, told, actions } = page({ pages: 3 });
  await actions.exportHits("jsonl");
  assert.equal(saved[0].text.trim().split("\n").length, 16);
  assert.match(told[0].text, /16 hits/);
});

test("it ends where pages of one search end", async () => {
  const { saved, actions } = page({ pages: 1000 });
  await actions.exportHits("paths");
  assert.equal(saved[0].text.trim().split("\n").length, MOST_EXPORTED);
});

test("paths are copied, and it is told if they cannot be", async () => {
  const fine = page({ selection: ["a"] });
  await fine.actions.copyPaths();
  assert.deepEqual(fine.copied, ["/a\n"]);
  const refused = page({ selection: ["a"], refuses: new Error("Not allowed.") });
  await refused.actions.copyPaths();
  assert.equal(refused.told[0].tone, "error");
});
