import assert from "node:assert/strict";
import { test } from "node:test";
import { removingActions, SECONDS, withHits } from "../../server/web/state/changes/removing.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

const hits = ["a", "b", "c", "d"].map((id) => ({
  id,
  source: `/${id}`,
  kind: "image",
  metadata: {},
}));

/** A page with four hits, a clock that is turned by hand, and a service that notes what it is told. */
function page({ refuses = null } = {}) {
  const told = [];
  const timers = [];
  const clock = {
    later: (run, ms) => timers.push({ run, ms }) - 1,
    never: (timer) => {
      timers[timer] = null;
    },
  };
  const changes = {
    remove: (collection, ids) => {
      if (refuses) return Promise.reject(refuses);
      told.push(["remove", collection, ids]);
      return Promise.resolve();
    },
    removeInParting: (collection, ids) => told.push(["parting", collection, ids]),
  };
  const results = { ...INITIAL.results, hits, status: "done" };
  const store = createStore({ ...INITIAL, results, selection: new Set(["b", "c"]) });
  const actions = removingActions(store, { changes }, clock);
  const ids = () => store.get().results.hits.map((hit) => hit.id);
  return { store, actions, told, timers, ids };
}

test("items vanish at once, and the service is told when the time is up", async () => {
  const { store, actions, told, timers, ids } = page();
  actions.remove(["b", "d"]);
  assert.deepEqual(ids(), ["a", "c"]);
  assert.deepEqual([...store.get().selection], ["c"]);
  assert.deepEqual(told, []);
  assert.equal(timers[0].ms, SECONDS * 1000);
  await timers[0].run();
  assert.deepEqual(told, [["remove", null, ["b", "d"]]]);
  assert.deepEqual(store.get().notices, []);
});

test("undone, they stand where they stood, and nothing is told", () => {
  const { store, actions, told, timers, ids } = page();
  actions.remove(["b", "d"]);
  store.get().notices[0].action.run();
  assert.deepEqual(ids(), ["a", "b", "c", "d"]);
  assert.equal(timers[0], null);
  assert.deepEqual(told, []);
  assert.deepEqual(store.get().notices, []);
});

test("the last removal is undone first, and nothing where there is none", () => {
  const { actions, ids } = page();
  actions.remove(["a"]);
  actions.remove(["c"]);
  actions.undo();
  assert.deepEqual(ids(), ["b", "c", "d"]);
  actions.undo();
  actions.undo();
  assert.deepEqual(ids(), ["a", "b", "c", "d"]);
});

test("hits that come meanwhile are without them, those of another collection are not", () => {
  const { store, actions, ids } = page();
  actions.remove(["b"]);
  store.set({ results: { ...store.get().results, hits: [...hits].reverse() } });
  assert.deepEqual(ids(), ["d", "c", "a"]);
  store.set({
    query: { ...store.get().query, collection: "other" },
    results: { ...store.get().results, hits },
  });
  assert.deepEqual(ids(), ["a", "b", "c", "d"]);
});

test("what the service refuses is back, with the reason", async () => {
  const { store, actions, timers, ids } = page({ refuses: new Error("The disk is full.") });
  actions.remove(["a"]);
  await timers[0].run();
  assert.deepEqual(ids(), ["a", "b", "c", "d"]);
  const [notice] = store.get().notices;
  assert.equal(notice.tone, "error");
  assert.match(notice.text, /The disk is full\./);
});

test("as the page is left, the service is told at once, and once", () => {
  const { actions, told, timers } = page();
  actions.remove(["a"]);
  actions.remove(["c"]);
  actions.finishRemovals();
  actions.finishRemovals();
  assert.deepEqual(told, [
    ["parting", null, ["a"]],
    ["parting", null, ["c"]],
  ]);
  assert.deepEqual(timers, [null, null]);
});

test("what is there already is not put back twice", () => {
  const removed = [{ hit: hits[1], place: 1 }];
  assert.deepEqual(withHits(hits, removed), hits);
  assert.deepEqual(withHits([], removed), [hits[1]]);
});
