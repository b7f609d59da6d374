import assert from "node:assert/strict";
import { test } from "node:test";
import { attendingActions } from "../../server/web/state/hits/attending.js";
import { knowingActions } from "../../server/web/state/knowing.js";
import { changed, EMPTY } from "../../server/web/state/query.js";
import { createStore, INITIAL, NO_RESULTS } from "../../server/web/state/store.js";

import { deferred, fakeService, settled } from "./fake-service.js";

const sounds = (count) =>
  Array.from({ length: count }, (_, at) => ({ id: `${at}`, kind: "audio", metadata: {} }));

function page(hits, api, sight = { top: 0, height: 600, width: 1000 }) {
  const results = { ...NO_RESULTS, hits, status: "done" };
  const store = createStore({ ...INITIAL, results, sight });
  const service = fakeService({ api });
  let pages = 0;
  const actions = attendingActions(store, service, { more: () => Promise.resolve(pages++) });
  return { store, service, actions, pages: () => pages };
}

test("what cards lack is brought for those near what is in sight, four at a time", async () => {
  const asked = [];
  const answers = new Map();
  const waveform = (_, id) => {
    asked.push(id);
    answers.set(id, deferred());
    return answers.get(id).promise;
  };
  const { store, actions } = page(sounds(500), { waveform });
  actions.attend();
  actions.attend();
  assert.deepEqual(asked, ["0", "1", "2", "3"]);
  // Scrolled on before the others were begun: they are left out.
  store.set({ sight: { ...store.get().sight, top: 20_000 } });
  actions.attend();
  answers.get("0").resolve({ seconds: 1, peaks: [1] });
  answers.get("1").reject(new Error("damaged"));
  await settled();
  assert.deepEqual(store.get().peeks.get("0").curve, { seconds: 1, peaks: [1] });
  assert.deepEqual(store.get().peeks.get("1"), { curve: null, passage: null });
  assert.equal(asked.length, 6);
  assert.ok(asked.slice(4).every((id) => Number(id) > 100));
});

test("only rows around what is in sight are shown, and the next page is brought in time", () => {
  const { store, actions, pages } = page(sounds(10_000), { waveform: () => new Promise(() => {}) });
  actions.attend();
  assert.equal(pages(), 0);
  const { first, end } = actions.shown();
  assert.equal(first, 0);
  assert.ok(end < 100, `${end}`);
  store.set({ sight: { ...store.get().sight, top: actions.layout().height - 1500 } });
  actions.attend();
  assert.equal(pages(), 1);
  assert.ok(actions.shown().first > 9_900);
});

test("nothing is brought before it is known how wide the page is", () => {
  const asked = [];
  const waveform = (_, id) => asked.push(id);
  const { actions, pages } = page(sounds(5), { waveform }, { top: 0, height: 0, width: 0 });
  actions.attend();
  assert.deepEqual([asked.length, pages()], [0, 0]);
});

test("the keyboard goes to a hit where it lies, and to none that is not there", () => {
  const { store, service, actions } = page(sounds(50), {});
  actions.goToHit(7);
  actions.goToHit(99);
  assert.equal(store.get().focus, 7);
  assert.deepEqual(service.scrolled, [{ index: 7 }]);
});

test("fields, and what a query is like, are brought once, when one may read", async () => {
  const asked = [];
  const api = {
    fields: (collection) => {
      asked.push(`fields of ${collection}`);
      return collection === "notes"
        ? Promise.reject(new Error("not there"))
        : Promise.resolve({ fields: [{ name: "year" }] });
    },
    itemFacts: (_, id) => {
      asked.push(id);
      return Promise.resolve({ id, kind: "image", source: "a.jpg" });
    },
  };
  const store = createStore({
    ...INITIAL,
    query: changed(EMPTY, { terms: [{ like: "a", weight: 1 }] }),
  });
  const { know } = knowingActions(store, fakeService({ api }));
  know();
  assert.deepEqual(asked, []);
  store.set({ access: { scopes: ["read"] } });
  know();
  know();
  await settled();
  assert.deepEqual(asked, ["fields of null", "a"]);
  assert.deepEqual(store.get().fields, [{ name: "year" }]);
  assert.equal(store.get().known.get("a").source, "a.jpg");
  store.set({ query: changed(EMPTY, { collection: "notes" }) });
  know();
  await settled();
  assert.deepEqual(store.get().fields, []);
});
