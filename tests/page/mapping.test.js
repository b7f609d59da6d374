import assert from "node:assert/strict";
import { test } from "node:test";
import { litOf, mappingActions, mayLightMore } from "../../server/web/state/map/mapping.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

const item = (id) => ({
  id,
  kind: id.startsWith("p") ? "image" : "audio",
  source: `/${id}.file`,
  metadata: {},
  segments: [],
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

function page(answer = (space) => ({ space, ids: ["p1"] })) {
  const asked = { maps: [], items: [], more: 0 };
  const api = {
    map: (collection, space) => {
      asked.maps.push([collection, space]);
      return Promise.resolve().then(() => answer(space));
    },
    item: (_collection, id) => {
      asked.items.push(id);
      return id === "gone" ? Promise.reject(new Error("gone")) : Promise.resolve(item(id));
    },
  };
  const media = {
    address: (_collection, id) =>
      id === "gone" ? Promise.reject(new Error("gone")) : Promise.resolve(`thumbnail of ${id}`),
  };
  const store = createStore(INITIAL);
  const more = () => {
    asked.more += 1;
    store.set({ results: { ...store.get().results, isGrowing: true } });
    return Promise.resolve();
  };
  return { store, asked, actions: mappingActions(store, { api, media }, more) };
}

const onMap = (collection = null) => ({ query: { ...INITIAL.query, view: "map", collection } });

test("the map comes as it is looked at, once, and anew for another collection", async () => {
  const { store, asked } = page();
  store.set({ fresh: 1 });
  assert.deepEqual(asked.maps, []);
  store.set(onMap());
  store.set({ fresh: 2 });
  await settled();
  assert.equal(store.get().mapping.status, "done");
  assert.deepEqual(asked.maps, [[null, null]]);
  store.set(onMap("other"));
  await settled();
  assert.deepEqual(asked.maps, [
    [null, null],
    ["other", null],
  ]);
});

test("no map yet is no failure", async () => {
  const none = page(() => {
    throw Object.assign(new Error("There is none."), { code: "no_map" });
  });
  await none.actions.showMap();
  assert.equal(none.store.get().mapping.status, "none");
  const failed = page(() => {
    throw new Error("The disk is broken.");
  });
  await failed.actions.showMap();
  assert.equal(failed.store.get().mapping.status, "failed");
  assert.equal(failed.store.get().mapping.error, "The disk is broken.");
});

test("of two spaces the one that was chosen last is shown", async () => {
  const waiting = {};
  const { store, actions } = page(
    (space) => new Promise((resolve) => Object.assign(waiting, { [space]: resolve })),
  );
  const both = [actions.showMap("a"), actions.showMap("b")];
  await settled();
  waiting.b({ space: "b" });
  waiting.a({ space: "a" });
  await Promise.all(both);
  assert.equal(store.get().mapping.columns.space, "b");
});

test("modalities are left out, and shown again", () => {
  const { store, actions } = page();
  actions.toggleOnMap("audio");
  assert.deepEqual([...store.get().mapping.without], ["audio"]);
  actions.toggleOnMap("audio");
  assert.deepEqual([...store.get().mapping.without], []);
});

test("an item is asked about once, pictures with their thumbnail", async () => {
  const { asked, actions } = page();
  assert.equal((await actions.describe("p1")).thumbnail, "thumbnail of p1");
  assert.equal((await actions.describe("s1")).thumbnail, null);
  await actions.describe("p1");
  assert.deepEqual(asked.items, ["p1", "s1"]);
  await assert.rejects(actions.describe("gone"));
  await assert.rejects(actions.describe("gone"));
  assert.equal(asked.items.length, 4);
});

test("pictures on the map ask for nothing but their thumbnail", async () => {
  const { asked, actions } = page();
  assert.equal(await actions.thumbnail("p1"), "thumbnail of p1");
  assert.equal(await actions.thumbnail("gone"), null);
  assert.deepEqual(asked.items, []);
});

test("what is near is told by name", async () => {
  const { store, actions } = page();
  await actions.lookOnMap("p1", ["p2", "s1"]);
  const { looked, near } = store.get().mapping;
  assert.deepEqual(
    [looked.title, near.map(({ title }) => title)],
    ["p1.file", ["p2.file", "s1.file"]],
  );
  await actions.lookOnMap(null, []);
  assert.equal(store.get().mapping.near.length, 2);
});

const scored = (...scores) => scores.map((score, i) => ({ ...item(`p${i}`), score }));

test("what chance seldom gives is lit up, and the first in any case", () => {
  const hits = scored(...Array(9).fill(3), 1.2, 0.9, 1.1, 0.2);
  assert.deepEqual(
    litOf(hits),
    [...Array(10).keys(), 11].map((i) => `p${i}`),
  );
  assert.equal(litOf(scored(0.1, 0.1)).length, 2);
});

test("further pages are brought as long as they may have something to light up", () => {
  assert.equal(mayLightMore(scored(3, 1)), true);
  assert.equal(mayLightMore(scored(3, 0.9)), false);
  assert.equal(mayLightMore(scored(...Array(300).fill(3))), false);
  assert.equal(mayLightMore([]), false);
});

test("on the map they are brought by themselves, in the list they are not", () => {
  const { store, asked } = page();
  const results = { ...INITIAL.results, hits: scored(3, 2), status: "done", nextCursor: "next" };
  const query = { ...INITIAL.query, terms: [{ text: "waves", weight: 1 }] };
  store.set({ query, results });
  assert.equal(asked.more, 0);
  store.set({ query: { ...query, view: "map" } });
  assert.equal(asked.more, 1);
});
