import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isHistoryOn,
  MOST_ENTRIES,
  readHistory,
  remember,
  suggestions,
  turnHistory,
  writeHistory,
} from "../../server/web/state/asking/history.js";

const entry = (label, at = 0) => ({ search: `?q=${label}`, label, at });

function memory(kept = {}) {
  const values = new Map(Object.entries(kept));
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => values.set(name, value),
    removeItem: (name) => values.delete(name),
  };
}

const forbidden = {
  getItem: () => {
    throw new Error("denied");
  },
  setItem: () => {
    throw new Error("denied");
  },
  removeItem: () => {
    throw new Error("denied");
  },
};

test("the newest is first, and stands once", () => {
  let history = [];
  for (const [label, at] of [
    ["owl", 0],
    ["waves", 60_000],
    ["owl", 120_000],
  ]) {
    history = remember(history, entry(label, at));
  }
  assert.deepEqual(
    history.map((known) => [known.label, known.at]),
    [
      ["owl", 120_000],
      ["waves", 60_000],
    ],
  );
});

test("what is typed on takes the place of what was typed so far", () => {
  let history = [entry("thunder", 0)];
  for (const [label, at] of [
    ["wa", 60_000],
    ["waves", 61_000],
    ["waves on", 62_000],
    ["waves", 63_000],
  ]) {
    history = remember(history, entry(label, at));
  }
  assert.deepEqual(
    history.map((known) => known.label),
    ["waves", "thunder"],
  );
});

test("what goes on from an old query is another one", () => {
  const history = remember([entry("waves", 0)], entry("waves on a beach", 60_000));
  assert.equal(history.length, 2);
});

test("nothing is remembered of an empty query", () => {
  assert.deepEqual(remember([], entry("  ")), []);
});

test("the oldest go when there are too many", () => {
  let history = [];
  for (let i = 0; i < MOST_ENTRIES + 5; i++)
    history = remember(history, entry(`q${i}-`, i * 60_000));
  assert.equal(history.length, MOST_ENTRIES);
  assert.equal(history.at(-1).label, "q5-");
});

test("suggestions begin with what is typed, then hold it, and leave out what is there already", () => {
  const history = [
    entry("the sea"),
    entry("sea birds"),
    entry("Sea"),
    entry("owl"),
    entry("sea birds"),
  ];
  assert.deepEqual(
    suggestions(history, "sea").map((known) => known.label),
    ["sea birds", "the sea"],
  );
  assert.equal(suggestions(history, "", 3).length, 3);
});

test("what was written is read again, at most so many", () => {
  const store = memory();
  writeHistory(store, [entry("owl", 3)]);
  assert.deepEqual(readHistory(store), [entry("owl", 3)]);
  writeHistory(store, []);
  assert.deepEqual(readHistory(store), []);
});

test("what cannot be read is left out", () => {
  assert.deepEqual(readHistory(memory({ "anysense.history": "{" })), []);
  assert.deepEqual(readHistory(memory({ "anysense.history": '[1, null, {"label": "x"}]' })), []);
  assert.deepEqual(readHistory(forbidden), []);
  assert.doesNotThrow(() => writeHistory(forbidden, [entry("owl")]));
});

test("it is on until it is turned off", () => {
  const store = memory();
  assert.equal(isHistoryOn(store), true);
  turnHistory(store, false);
  assert.equal(isHistoryOn(store), false);
  turnHistory(store, true);
  assert.equal(isHistoryOn(store), true);
  assert.equal(isHistoryOn(forbidden), false);
});
