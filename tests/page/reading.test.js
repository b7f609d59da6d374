import assert from "node:assert/strict";
import { test } from "node:test";
import { readingActions } from "../../server/web/state/item/reading.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";
import { fakeService, settled } from "./fake-service.js";

const TOTAL = 30;
const all = Array.from({ length: TOTAL }, (_, id) => ({
  id,
  start: id * 100,
  end: id * 100 + 100,
  text: `${id}`,
}));

/** As the service answers: around a place, or from an offset on. */
function passages(_, id, { at, offset, limit }) {
  if (id === "gone") return Promise.reject(new Error("gone"));
  const first = offset ?? Math.max(0, Math.floor(at / 100) - Math.floor(limit / 2));
  return Promise.resolve({
    segments: all.slice(first, first + limit),
    offset: first,
    total: TOTAL,
  });
}

function page(id = "a") {
  const store = createStore({ ...INITIAL, detail: { id, kind: "text" } });
  const actions = readingActions(store, fakeService({ api: { passages } }));
  const ids = () => store.get().reading?.passages.map((one) => one.id);
  return { store, actions, ids };
}

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test("a text is read from where one is, on and back, to its ends", async () => {
  const { actions, ids } = page();
  await actions.readAt({ start: 1050, unit: "characters" });
  assert.deepEqual(ids(), range(7, 13));
  await actions.readOn(1);
  assert.deepEqual(ids(), range(7, 20));
  await actions.readOn(-1);
  assert.deepEqual(ids(), range(0, 20));
  await actions.readOn(-1);
  for (const _ of [1, 2, 3]) await actions.readOn(1);
  assert.deepEqual(ids(), range(0, 29));
});

test("a part that is not there yet is brought, and one that is stays", async () => {
  const { store, actions, ids } = page();
  await actions.readAt({ page: 3, unit: "pages", start: 3 });
  assert.deepEqual(ids(), range(0, 6));
  actions.lookAt({ start: 2000, unit: "characters" });
  await settled();
  assert.deepEqual(ids(), range(17, 23));
  const { reading } = store.get();
  actions.lookAt({ start: 1800, unit: "characters" });
  await settled();
  assert.equal(store.get().reading, reading);
  assert.equal(store.get().place.start, 1800);
});

test("without passages, and after another item was opened, nothing is shown", async () => {
  const { store, actions } = page("gone");
  await actions.readAt({});
  assert.equal(store.get().reading, null);
  const other = page();
  const reading = other.actions.readAt({});
  other.store.set({ detail: { id: "b", kind: "text" } });
  await reading;
  assert.equal(other.store.get().reading, null);
});
