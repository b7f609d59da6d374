import assert from "node:assert/strict";
import { test } from "node:test";
import { lookingActions } from "../../server/web/state/looking.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

/** What is asked of a service in which a key has these scopes. */
async function askedBy(access) {
  const store = createStore(INITIAL);
  const asked = [];
  const api = {
    access: () => Promise.resolve(access),
    collections: () => {
      asked.push("collections");
      return Promise.resolve({ collections: [{ name: "notes" }] });
    },
  };
  const follow = () => asked.push("hits");
  await lookingActions(store, { api }, { follow }).begin();
  return { asked, state: store.get() };
}

test("nothing is asked before a key that is needed has been given", async () => {
  const { asked, state } = await askedBy({ needs_key: true, scopes: [] });
  assert.deepEqual(asked, []);
  assert.equal(state.access.needs_key, true);
});

test("what the address says is asked as soon as the service is known to be open", async () => {
  const { asked, state } = await askedBy({ needs_key: true, scopes: ["read"] });
  assert.deepEqual(asked, ["hits", "collections"]);
  assert.equal(state.collections[0].name, "notes");
  assert.deepEqual((await askedBy({ needs_key: false, scopes: ["read", "write"] })).asked, asked);
});
