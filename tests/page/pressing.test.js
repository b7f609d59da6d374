import assert from "node:assert/strict";
import { test } from "node:test";
import { press } from "../../server/web/state/pressing.js";
import { INITIAL } from "../../server/web/state/store.js";

const access = { scopes: ["read", "write"], needs_key: false };

function pressed(key, { on = {}, state = {} } = {}) {
  const calls = [];
  const note =
    (name) =>
    (...given) =>
      void calls.push([name, ...given]);
  const actions = Object.fromEntries(
    ["ask", "openDialog", "select", "selectNone", "remove", "openWhy", "undo", "goToHit"].map(
      (name) => [name, note(name)],
    ),
  );
  const where = {
    key,
    shiftKey: false,
    isPlain: true,
    isTyping: false,
    isLoose: false,
    id: null,
    ...on,
  };
  const heard = press(where, { ...INITIAL, access, ...state }, actions, note("toBox"));
  assert.equal(heard, calls.length > 0);
  return calls;
}

const removed = (where) =>
  pressed("Delete", where)
    .filter(([name]) => name === "remove")
    .map(([, ids]) => ids);

test("keys of the page", () => {
  assert.deepEqual(pressed("/"), [["toBox"]]);
  assert.deepEqual(pressed("?"), [["openDialog", "keys"]]);
  assert.deepEqual(pressed("u"), [["undo"]]);
  assert.deepEqual(pressed("v"), [["ask", { view: "map" }]]);
  const onMap = { query: { ...INITIAL.query, view: "map" } };
  assert.deepEqual(pressed("v", { state: onMap }), [["ask", { view: "grid" }]]);
  assert.deepEqual(pressed("q"), []);
});

test("keys of the page can be turned off, those of what has the focus stay", () => {
  const state = { hasKeys: false };
  for (const key of ["/", "?", "u", "v"]) assert.deepEqual(pressed(key, { state }), []);
  assert.deepEqual(pressed("x", { state, on: { id: "a" } }), [["select", "a", false]]);
});

test("left and right lead to the hits while nothing has the focus", () => {
  const state = { results: { ...INITIAL.results, hits: [{ id: "a" }, { id: "b" }] }, focus: 1 };
  const on = { isLoose: true };
  for (const key of ["ArrowLeft", "ArrowRight"])
    assert.deepEqual(pressed(key, { on, state }), [["goToHit", 1]]);
  assert.deepEqual(pressed("ArrowDown", { on, state }), []); // it scrolls the page
  assert.deepEqual(pressed("ArrowRight", { state }), []);
  assert.deepEqual(pressed("ArrowRight", { on }), []);
  const query = { ...INITIAL.query, view: "map" };
  assert.deepEqual(pressed("ArrowRight", { on, state: { ...state, query } }), []);
});

test("keys of the hit that has the focus", () => {
  const on = { id: "a" };
  assert.deepEqual(pressed("x", { on }), [["select", "a", false]]);
  assert.deepEqual(pressed("X", { on: { ...on, shiftKey: true } }), [["select", "a", true]]);
  assert.deepEqual(removed({ on }), [["a"]]);
  assert.deepEqual(pressed("x"), []);
  assert.deepEqual(pressed("w", { on }), []);
  const query = { ...INITIAL.query, terms: [{ text: "waves", weight: 1 }] };
  assert.deepEqual(pressed("w", { on, state: { query } }), [["openWhy", "a"]]);
});

test("Delete removes all that is marked, if the hit is, and nothing without the right to", () => {
  const on = { id: "a" };
  const state = { selection: new Set(["b", "a"]) };
  assert.deepEqual(removed({ on, state }), [["b", "a"]]);
  assert.deepEqual(removed({ on: { id: "c" }, state }), [["c"]]);
  const reader = { access: { ...access, scopes: ["read"] } };
  assert.deepEqual(pressed("Delete", { on, state: reader }), []);
});

test("Escape leaves the selection, if there is one", () => {
  assert.deepEqual(pressed("Escape"), []);
  assert.deepEqual(pressed("Escape", { state: { selection: new Set(["a"]) } }), [["selectNone"]]);
});

test("nothing while somebody types, with other keys, or under a dialog", () => {
  assert.deepEqual(pressed("/", { on: { isTyping: true } }), []);
  assert.deepEqual(pressed("v", { on: { isPlain: false } }), []);
  assert.deepEqual(pressed("?", { state: { dialog: "adding" } }), []);
  assert.deepEqual(pressed("v", { state: { query: { ...INITIAL.query, item: "a" } } }), []);
});

test("after a removal the focus goes to the hit that takes its place, or to the one before", () => {
  const hits = ["a", "b", "c"].map((id) => ({ id }));
  const state = { results: { ...INITIAL.results, hits } };
  assert.deepEqual(pressed("Delete", { on: { id: "b" }, state })[1], ["goToHit", 1]);
  assert.deepEqual(pressed("Delete", { on: { id: "c" }, state })[1], ["goToHit", 1]);
});
