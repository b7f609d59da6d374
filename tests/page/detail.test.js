import assert from "node:assert/strict";
import { test } from "node:test";
import { detailActions } from "../../server/web/state/item/detail.js";
import { steppingActions } from "../../server/web/state/item/stepping.js";
import { changed, EMPTY } from "../../server/web/state/query.js";
import { createStore, INITIAL, NO_RESULTS } from "../../server/web/state/store.js";
import { deferred, fakeService, settled } from "./fake-service.js";

const hits = ["a", "b", "c"].map((id, at) => ({
  id,
  kind: "text",
  source: id,
  start: at * 10,
  score: 2,
  modality: "text",
}));

function page(api = {}, address = {}) {
  const store = createStore({ ...INITIAL, results: { ...NO_RESULTS, hits, status: "done" } });
  const service = fakeService({ api, address });
  const asked = [];
  const told = [];
  const read = [];
  const ask = (patch, options = {}) => {
    asked.push({ patch, options });
    store.set({ query: changed(store.get().query, patch) });
  };
  let pages = 0;
  const stepping = steppingActions(store, service, { ask, more: () => Promise.resolve(pages++) });
  const goToHit = (index) => service.scrolled.push(index);
  const detail = detailActions(store, service, {
    ...stepping,
    goToHit,
    readAt: (place) => Promise.resolve(read.push(place.start ?? 0)),
    notify: (notice) => told.push(notice.text),
  });
  return {
    store,
    service,
    asked,
    told,
    read,
    actions: { ...stepping, ...detail },
    pages: () => pages,
  };
}

const item = (_, id) =>
  Promise.resolve({ id, kind: "text", source: id, segments: [], aliases: [] });

test("one goes from hit to hit without a step in the history for each", () => {
  const { store, asked, actions, pages } = page();
  actions.openItem("a");
  actions.stepItem(1);
  actions.stepItem(1);
  actions.stepItem(1);
  actions.stepItem(-1);
  assert.equal(store.get().query.item, "b");
  assert.equal(store.get().focus, 1);
  assert.deepEqual(
    asked.map(({ options }) => options),
    [{ isOver: true }, { replaces: true }, { replaces: true }, { replaces: true }],
  );
  assert.ok(pages() > 0, "near the end the next page is brought");
});

test("an item that was opened from a link is closed in its place", () => {
  const { asked, actions } = page();
  actions.openItem("a");
  actions.closeItem();
  actions.closeItem();
  assert.deepEqual(asked.at(-1), { patch: { item: null }, options: { replaces: true } });
  assert.equal(asked.length, 2);
  const over = page({}, { goBack: () => true });
  over.actions.openItem("a");
  over.actions.closeItem();
  assert.equal(over.asked.length, 1);
});

test("an item comes with the part that matched, its passages and what is like it", async () => {
  const like = { image: [{ id: "x" }] };
  const { store, read, actions } = page({
    itemFacts: item,
    neighbours: () => Promise.resolve(like),
  });
  actions.openItem("b");
  actions.lookUp();
  actions.lookUp();
  await settled();
  assert.equal(store.get().detail.id, "b");
  assert.equal(store.get().place.start, 10);
  assert.deepEqual(read, [10]);
  assert.equal(store.get().neighbours, like);
});

test("what comes for an item that was left is not shown, and the focus goes back to its hit", async () => {
  const late = deferred();
  const { store, service, actions } = page({
    item: () => late.promise,
    neighbours: () => Promise.reject(new Error()),
  });
  actions.openItem("b");
  actions.lookUp();
  store.set({ query: EMPTY });
  actions.lookUp();
  late.resolve({ id: "b", kind: "text", segments: [] });
  await settled();
  assert.equal(store.get().detail, null);
  assert.deepEqual(service.scrolled, [1]);
});

test("an item that is not there is said, and closed", async () => {
  const api = {
    itemFacts: () => Promise.reject(new Error("No item z.")),
    neighbours: () => Promise.resolve({}),
  };
  const { store, told, actions } = page(api);
  actions.openItem("z");
  actions.lookUp();
  await settled();
  assert.deepEqual(told, ["No item z."]);
  assert.equal(store.get().query.item, null);
});

test("an item that is there before the hits shows the part that matched when they come", async () => {
  const { store, read, actions } = page({ itemFacts: item, neighbours: () => Promise.resolve({}) });
  store.set({ results: NO_RESULTS });
  actions.openItem("c");
  actions.lookUp();
  await settled();
  assert.equal(store.get().place, null);
  store.set({ results: { ...NO_RESULTS, hits, status: "done" } });
  actions.lookUp();
  actions.lookUp();
  assert.equal(store.get().place.start, 20);
  assert.deepEqual(read, [0, 20]);
});
