import assert from "node:assert/strict";
import { test } from "node:test";
import { whyActions } from "../../server/web/state/item/why.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

function page(answer) {
  const asked = [];
  const api = {
    explain: (collection, search) => {
      asked.push([collection, search]);
      return Promise.resolve().then(() => answer(search.id));
    },
  };
  const query = { ...INITIAL.query, collection: "photos", terms: [{ text: "waves", weight: 1 }] };
  const results = { ...INITIAL.results, state: "s-1" };
  const store = createStore({ ...INITIAL, query, results });
  return { store, asked, actions: whyActions(store, { api }) };
}

test("a hit is explained by the search that found it", async () => {
  const { store, asked, actions } = page((id) => ({ id, score: 2 }));
  await actions.explain("a");
  const [[collection, search]] = asked;
  assert.equal(collection, "photos");
  assert.equal(search.id, "a");
  assert.equal(search.state, "s-1");
  assert.deepEqual(search.terms, [{ text: "waves", weight: 1 }]);
  assert.equal(store.get().why.status, "done");
  assert.equal(store.get().why.explanation.score, 2);
});

test("a later question takes the place of an earlier one, however late its answer comes", async () => {
  const answers = {};
  const waiting = (id) => new Promise((resolve) => Object.assign(answers, { [id]: resolve }));
  const { store, actions } = page(waiting);
  const [first, second] = [actions.explain("a"), actions.explain("b")];
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  answers.b({ id: "b" });
  answers.a({ id: "a" });
  await Promise.all([first, second]);
  assert.equal(store.get().why.explanation.id, "b");
});

test("what cannot be explained says why", async () => {
  const { store, actions } = page(() => {
    throw new Error("The search does not find this item.");
  });
  actions.openWhy("a");
  assert.equal(store.get().dialog, "why");
  assert.equal(store.get().why.status, "loading");
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(store.get().why.status, "failed");
  assert.equal(store.get().why.error, "The search does not find this item.");
});
