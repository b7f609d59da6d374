import assert from "node:assert/strict";
import { test } from "node:test";
import { labelOf } from "../../server/web/state/asking/history.js";
import { rememberingActions } from "../../server/web/state/asking/remembering.js";
import { EMPTY } from "../../server/web/state/query.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

function page() {
  const values = new Map();
  const kept = {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => values.set(name, value),
    removeItem: (name) => values.delete(name),
  };
  const timers = [];
  const clock = {
    later: (run) => timers.push(run) - 1,
    never: (timer) => {
      if (timer !== undefined) timers[timer] = null;
    },
  };
  const store = createStore(INITIAL);
  const actions = rememberingActions(store, { kept }, clock);
  actions.recall();
  const show = (text, status = "done") =>
    store.set({
      query: { ...EMPTY, terms: text ? [{ text, weight: 1 }] : [] },
      results: { ...INITIAL.results, status },
    });
  const dwell = () => {
    for (const run of timers.splice(0)) run?.();
  };
  return { store, actions, show, dwell, values };
}

test("a query is remembered once its hits are looked at", () => {
  const { store, actions, show, dwell } = page();
  show("waves", "loading");
  dwell();
  assert.deepEqual(store.get().past, []);
  show("waves");
  show("waves on a beach");
  dwell();
  assert.deepEqual(
    store.get().past.map(({ label }) => label),
    ["waves on a beach"],
  );
  assert.equal(actions.queryOf(store.get().past[0]).terms[0].text, "waves on a beach");
});

test("looking at everything is nothing to remember", () => {
  const { store, show, dwell } = page();
  show("");
  dwell();
  assert.deepEqual(store.get().past, []);
});

test("turned off, it is forgotten and kept no longer, here and in the browser", () => {
  const { store, actions, show, dwell, values } = page();
  show("waves");
  dwell();
  assert.equal(values.has("anysense.history"), true);
  actions.rememberPast(false);
  show("thunder");
  dwell();
  assert.deepEqual(store.get().past, []);
  assert.equal(values.has("anysense.history"), false);
  actions.recall();
  assert.equal(store.get().isRemembering, false);
});

test("a query is called by its words, files by their names", () => {
  const terms = [
    { text: " a street ", weight: 1 },
    { upload: "q-0a", name: "rain.ogg", modality: "audio", weight: 1 },
    { text: "at night", weight: -1 },
    { text: "", weight: 1 },
  ];
  assert.equal(labelOf({ ...EMPTY, terms }), "a street + rain.ogg − at night");
  const like = { ...EMPTY, terms: [{ like: "0a1b", weight: 1 }] };
  const known = new Map([["0a1b", { id: "0a1b", source: "/photos/owl.jpg", metadata: {} }]]);
  assert.equal(labelOf(like, known), "owl.jpg");
  assert.equal(labelOf(like), "0a1b");
});
