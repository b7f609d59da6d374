import assert from "node:assert/strict";
import { test } from "node:test";
import { filingActions } from "../../server/web/state/item/filing.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";
import { fakeService } from "./fake-service.js";

function page(files, media = {}) {
  const told = [];
  const service = fakeService({ files });
  Object.assign(service.media, media);
  const notify = (notice) => told.push(notice.tone);
  return { told, actions: filingActions(createStore(INITIAL), service, { notify }) };
}

test("a path is copied, or it is said that it could not be", async () => {
  const copied = [];
  const { told, actions } = page({ copy: (text) => Promise.resolve(copied.push(text)) });
  await actions.copySource({ source: "/photos/a.jpg" });
  assert.deepEqual([copied, told], [["/photos/a.jpg"], ["info"]]);
  const refused = page({ copy: () => Promise.reject(new Error("Not allowed.")) });
  await refused.actions.copySource({ source: "a" });
  assert.deepEqual(refused.told, ["error"]);
});

test("a file that needs the key is fetched before it is shown", async () => {
  const opened = [];
  const address = (_, id) => Promise.resolve(`blob:${id}`);
  const { told, actions } = page({ open: (url) => opened.push(url) }, { address });
  await actions.openFile({ id: "a" });
  assert.deepEqual([opened, told], [["blob:a"], []]);
  const gone = page({}, { address: () => Promise.reject(new Error("Gone.")) });
  await gone.actions.openFile({ id: "a" });
  assert.deepEqual(gone.told, ["error"]);
});
