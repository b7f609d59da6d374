import assert from "node:assert/strict";
import { test } from "node:test";
import { watchingActions } from "../../server/web/state/changes/watching.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

const facts = (items, name = "photos") => ({ name, items, items_by_kind: {}, encoders: [] });

function page(answers) {
  const api = {
    progress: () => Promise.resolve({ builds: answers.builds ?? [] }),
    jobs: () => Promise.resolve({ jobs: answers.jobs ?? [] }),
    collections: () =>
      answers.fails
        ? Promise.reject(Object.assign(new Error("No answer."), { status: 0 }))
        : Promise.resolve({ collections: [facts(answers.items), facts(7, "other")] }),
  };
  const waits = [];
  const store = createStore(INITIAL);
  const wait = (seconds) => {
    waits.push(seconds);
    answers.next?.();
    return Promise.resolve();
  };
  return { store, waits, actions: watchingActions(store, { api }, wait) };
}

test("what is new is counted from what was shown", async () => {
  const answers = { items: 10 };
  const { store, actions } = page(answers);
  await actions.look();
  assert.equal(store.get().fresh, 0);
  answers.items = 22;
  await actions.look();
  assert.equal(store.get().fresh, 12);
  actions.seeFresh();
  assert.equal(store.get().fresh, 0);
  await actions.look();
  assert.equal(store.get().fresh, 0);
});

test("what was added before the first look is new", async () => {
  const { store, actions } = page({ items: 11 });
  const file = { size: 1 };
  const { collection } = store.get().query;
  const one = { number: 1, file, collection, stage: "added", sent: 1, error: null, item: "a" };
  store.set({ adding: [one, { ...one, collection: "other" }, { ...one, stage: "known" }] });
  await actions.look();
  assert.equal(store.get().fresh, 1);
});

test("what a search has just found is not new", async () => {
  const answers = { items: 10 };
  const { store, actions } = page(answers);
  await actions.look();
  answers.items = 12;
  await actions.look();
  store.set({ results: { ...INITIAL.results, status: "loading" } });
  assert.equal(store.get().fresh, 2);
  store.set({ results: { ...INITIAL.results, status: "done" } });
  assert.equal(store.get().fresh, 0);
  answers.items = 13;
  await actions.look();
  assert.equal(store.get().fresh, 1);
  store.set({ results: { ...store.get().results, hits: [{ id: "a" }] } });
  assert.equal(store.get().fresh, 1, "a further page brings nothing new");
});

test("what is added after a removal is new", async () => {
  const answers = { items: 10 };
  const { store, actions } = page(answers);
  for (const items of [10, 7, 8]) {
    answers.items = items;
    await actions.look();
  }
  assert.equal(store.get().fresh, 1);
});

test("fewer items, or another collection, are nothing new", async () => {
  const answers = { items: 10 };
  const { store, actions } = page(answers);
  await actions.look();
  answers.items = 4;
  await actions.look();
  assert.equal(store.get().fresh, 0);
  store.set({ query: { ...store.get().query, collection: "other" } });
  await actions.look();
  assert.equal(store.get().fresh, 0);
});

test("it looks often while something is under way, also after no answer", async () => {
  const answers = { items: 1, jobs: [{ id: "j", status: "done" }] };
  const { store, waits, actions } = page(answers);
  const steps = [
    () => {},
    () => Object.assign(answers, { builds: [{ what: "build", done: 1, total: 2 }] }),
    () => Object.assign(answers, { builds: [], fails: true }),
    () => assert.equal(store.get().notices[0].tone, "error"),
    () => Object.assign(answers, { fails: false, jobs: [{ id: "j", status: "running" }] }),
    () => actions.stopWatching(),
  ];
  answers.next = () => steps.shift()?.();
  await actions.watch();
  await actions.watch();
  assert.equal(waits.length, 6, "it is watched once");
  assert.ok(waits[1] > waits[2], "idle, then a build");
  assert.ok(waits[5] < waits[1], "a job");
  assert.deepEqual(store.get().notices, []);
  assert.equal(store.get().jobs.length, 1);
});
