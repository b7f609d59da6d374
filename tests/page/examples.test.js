import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleActions } from "../../server/web/state/asking/examples.js";
import { changed, EMPTY } from "../../server/web/state/query.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";
import { deferred, fakeService, settled } from "./fake-service.js";

function page(parts) {
  const store = createStore({
    ...INITIAL,
    query: changed(EMPTY, { terms: [{ text: "owl", weight: 1 }] }),
  });
  const asked = [];
  const told = [];
  const ask = (patch) => {
    asked.push(patch.terms);
    store.set({ query: changed(store.get().query, patch) });
  };
  const notify = (notice) => told.push(notice.text);
  return {
    store,
    asked,
    told,
    actions: exampleActions(store, fakeService(parts), { ask, notify }),
  };
}

const keep = (_, file) =>
  file.name === "bad.txt"
    ? Promise.reject(new Error("It is neither a picture nor a sound."))
    : Promise.resolve({ id: `q-${file.name}`, modality: "image", name: file.name });

test("files are asked by together, in their order, and one that cannot be says so", async () => {
  const { store, asked, told, actions } = page({ api: { keepQuery: keep } });
  const asking = actions.askByFiles([{ name: "a.jpg" }, { name: "bad.txt" }, { name: "b.jpg" }]);
  assert.equal(store.get().sending, 3);
  await asking;
  assert.equal(store.get().sending, 0);
  assert.deepEqual(
    asked.map((terms) => terms.map((term) => term.text ?? term.upload)),
    [["owl", "q-a.jpg", "q-b.jpg"]],
  );
  assert.deepEqual(told, ["It is neither a picture nor a sound."]);
  await actions.askByFiles([{ name: "bad.txt" }]);
  assert.equal(asked.length, 1);
});

test("a recording is stopped by the button that began it, and asked by", async () => {
  const done = deferred();
  let stopped = 0;
  const start = (heard) => {
    heard(2);
    return Promise.resolve({ done: done.promise, stop: () => stopped++ });
  };
  const { store, asked, actions } = page({ api: { keepQuery: keep }, recorder: { start } });
  const recording = actions.record();
  await settled();
  assert.equal(store.get().recorded, 0);
  await actions.record();
  assert.equal(stopped, 1);
  done.resolve({ name: "recording.wav" });
  await recording;
  assert.equal(store.get().recorded, null);
  assert.equal(asked[0].at(-1).upload, "q-recording.wav");
});

test("without a microphone nothing is asked, and the page says why", async () => {
  const { store, asked, told, actions } = page({
    recorder: { start: () => Promise.reject(new Error()) },
  });
  await actions.record();
  assert.equal(store.get().recorded, null);
  assert.equal(asked.length, 0);
  assert.equal(told.length, 1);
});
