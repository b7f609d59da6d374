import assert from "node:assert/strict";
import { test } from "node:test";
import { playingActions } from "../../server/web/state/hits/playing.js";
import { spansOf } from "../../server/web/state/hits/spans.js";
import { createStore, INITIAL } from "../../server/web/state/store.js";
import { fakeService } from "./fake-service.js";

function page(seconds = 30) {
  const store = createStore({
    ...INITIAL,
    peeks: new Map([["a", { curve: { seconds, peaks: [] } }]]),
  });
  const done = [];
  let listener;
  const player = {
    onChange: (heard) => {
      listener = heard;
    },
    play: (track) => done.push(track),
    pause: () => done.push("pause"),
    resume: () => done.push("resume"),
    seek: (second) => done.push(`seek ${second}`),
    stop: () => done.push("stop"),
    isPart: () => false,
  };
  const told = [];
  const actions = playingActions(store, fakeService({ player }), {
    notify: (notice) => told.push(notice.text),
  });
  return { store, done, told, actions, hear: (...heard) => listener(...heard) };
}

const hit = { id: "a", start: 20, end: 30, unit: "seconds" };

test("a sound plays from the second that matched, pauses and goes on", () => {
  const { done, actions, hear } = page();
  actions.togglePlay(hit);
  assert.equal(done[0].from, 20);
  assert.ok(done[0].file);
  hear({ id: "a", seconds: 21, isPaused: false });
  actions.togglePlay(hit);
  hear({ id: "a", seconds: 22, isPaused: true });
  actions.togglePlay(hit);
  actions.play(hit, 5);
  assert.deepEqual(done.slice(1), ["pause", "resume", "seek 5", "resume"]);
});

test("of a long sound a part is played", () => {
  const { done, actions } = page(7200);
  actions.play(hit, 3600);
  assert.equal(done[0].file, null);
  assert.equal(done[0].clipStart, 3600);
});

test("what cannot be played is said", () => {
  const { store, told, hear } = page();
  hear(null, true);
  assert.equal(store.get().playing, null);
  assert.equal(told.length, 1);
});

test("the parts that matched are those in seconds", () => {
  const segments = [
    { start: 0, end: 10, unit: "seconds" },
    { start: null, end: null, unit: null },
  ];
  assert.deepEqual(spansOf({ ...hit, segments }), [
    { start: 20, end: 30 },
    { start: 0, end: 10 },
  ]);
  assert.deepEqual(spansOf({}), []);
});
