import assert from "node:assert/strict";
import { test } from "node:test";
import { enteringActions, isClosed, mayWrite } from "../../server/web/state/entering.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

const access = (scopes, needs_key = true) => ({ scopes, needs_key, collections: [] });

function page(answer) {
  const keys = [];
  let begun = 0;
  const service = {
    api: { access: () => Promise.resolve().then(answer) },
    storeKey: (key) => keys.push(key),
    screen: { reload: () => keys.push("reload") },
  };
  const store = createStore({ ...INITIAL, access: access([]) });
  const begin = () => {
    begun += 1;
    return Promise.resolve();
  };
  return { store, keys, actions: enteringActions(store, service, begin), begun: () => begun };
}

test("a key that the service knows opens the page", async () => {
  const { store, keys, actions, begun } = page(() => access(["read"]));
  await actions.enter("  secret \n");
  assert.deepEqual(keys, ["secret"]);
  assert.equal(isClosed(store.get().access), false);
  assert.equal(begun(), 1);
});

test("one that it does not know is forgotten, and told of", async () => {
  for (const answer of [
    () => access([]),
    () => {
      throw new Error("This key is not valid.");
    },
  ]) {
    const { store, keys, actions, begun } = page(answer);
    await actions.enter("guess");
    assert.deepEqual(keys, ["guess", null]);
    assert.match(store.get().entry.error, /key/);
    assert.equal(begun(), 0);
  }
});

test("a key that is forgotten takes with it what was shown", () => {
  const { keys, actions } = page(() => access(["read"]));
  actions.forgetKey();
  assert.deepEqual(keys, [null, "reload"]);
});

test("who may do what", () => {
  assert.equal(isClosed(null), false);
  assert.equal(isClosed(access([], false)), false);
  assert.equal(isClosed(access([])), true);
  assert.equal(mayWrite(null), false);
  assert.equal(mayWrite(access(["read"])), false);
  assert.equal(mayWrite(access(["read", "write"])), true);
});
