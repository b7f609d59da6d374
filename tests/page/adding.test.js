import assert from "node:assert/strict";
import { test } from "node:test";
import { addingActions, patience, standing } from "../../server/web/state/changes/adding.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";

const file = (name, size = 10) => ({ name, size });
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A page, and a service that answers with what `answer` gives for a file and how often it was tried. */
function page(answer) {
  const tries = {};
  const waits = [];
  const changes = {
    add: (_collection, { name }, sent) => {
      tries[name] = (tries[name] ?? 0) + 1;
      sent(0.5);
      sent(1);
      return Promise.resolve().then(() => answer(name, tries[name]));
    },
  };
  const store = createStore(INITIAL);
  const wait = (seconds) => {
    waits.push(seconds);
    return Promise.resolve();
  };
  const endings = [];
  const ended = () => endings.push(stages());
  const actions = addingActions(store, { changes }, ended, wait);
  const stages = () => store.get().adding.map(({ stage }) => stage);
  return { store, actions, stages, tries, waits, endings };
}

const refusal = (status, message, retryAfter = null) =>
  Object.assign(new Error(message), { status, retryAfter });

test("files are added, or known already", async () => {
  const { store, actions, stages, endings } = page((name) => ({ id: name, isNew: name !== "b" }));
  actions.addFiles([file("a"), file("b"), file("c")]);
  assert.deepEqual(stages(), ["encoding", "encoding", "waiting"]);
  await settled();
  assert.deepEqual(stages(), ["added", "known", "added"]);
  assert.deepEqual(endings, [["added", "known", "added"]]); // once, after the last of them
  assert.deepEqual(
    store.get().adding.map(({ item }) => item),
    ["a", "b", "c"],
  );
});

test("what fails says why, stops no other, and can be tried again", async () => {
  const { store, actions, stages } = page((name, tried) => {
    if (name === "a" && tried === 1) throw refusal(422, "It is cut short.");
    return { id: name, isNew: true };
  });
  actions.addFiles([file("a"), file("b")]);
  await settled();
  assert.deepEqual(stages(), ["failed", "added"]);
  assert.equal(store.get().adding[0].error, "It is cut short.");
  actions.retryAdding();
  await settled();
  assert.deepEqual(stages(), ["added", "added"]);
  assert.equal(store.get().adding[0].error, null);
});

test("a busy service is waited for, as long as it says", async () => {
  const { actions, stages, waits, tries } = page((name, tried) => {
    if (tried < 3) throw refusal(429, "Busy.", 7);
    return { id: name, isNew: true };
  });
  actions.addFiles([file("a")]);
  await settled();
  assert.deepEqual(waits, [7, 7]);
  assert.equal(tries.a, 3);
  assert.deepEqual(stages(), ["added"]);
});

test("a service that stays busy is not waited for without end", async () => {
  const { actions, stages, tries } = page(() => {
    throw refusal(503, "Loading.", 1);
  });
  actions.addFiles([file("a")]);
  await settled();
  assert.deepEqual(stages(), ["failed"]);
  assert.equal(tries.a, 6);
});

test("what has ended is forgotten, what failed stays until it is cleared", async () => {
  const { store, actions, stages } = page((name) => {
    if (name === "bad") throw refusal(422, "No.");
    return { id: name, isNew: true };
  });
  actions.addFiles([file("a"), file("bad")]);
  await settled();
  actions.addFiles([file("c")]);
  await settled();
  assert.deepEqual(
    store.get().adding.map(({ file: { name } }) => name),
    ["bad", "c"],
  );
  actions.clearAdding();
  assert.deepEqual(stages(), []);
});

test("how it stands goes by bytes", () => {
  const one = (stage, size, sent = 0) => ({ stage, sent, file: file("x", size) });
  const all = [one("added", 50), one("failed", 25), one("sending", 25, 0.5), one("waiting", 0)];
  const { total, ended, failed, added, share } = standing(all);
  assert.deepEqual({ total, ended, failed, added }, { total: 4, ended: 2, failed: 1, added: 1 });
  assert.ok(share > 0.85 && share < 0.87);
  assert.equal(standing([]).share, 0);
});

test("only what passes is waited for", () => {
  assert.equal(patience(refusal(422, "", 3)), null);
  assert.equal(patience(new Error("no answer")), null);
  assert.equal(patience(refusal(503, "")), 5);
  assert.equal(patience(refusal(429, "", 9000)), 60);
  assert.equal(patience(refusal(429, "", 0)), 1);
});
