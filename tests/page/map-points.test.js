import assert from "node:assert/strict";
import { test } from "node:test";
import { apart, MapPoints } from "../../server/web/state/map/points.js";

/** Numbers from 0 to 1 that are the same in every run. */
function* numbers(seed = 7) {
  for (let value = seed; ; ) {
    value = (value * 48271) % 2147483647;
    yield value / 2147483647;
  }
}

function scattered(n) {
  const random = numbers();
  const column = () => Array.from({ length: n }, () => random.next().value);
  return new MapPoints(column(), column());
}

test("a box holds what looking at every point finds", () => {
  const points = scattered(3000);
  const box = { left: 0.2, top: 0.55, right: 0.31, bottom: 0.9 };
  const all = [...points.x.keys()].filter(
    (i) =>
      points.x[i] >= box.left &&
      points.x[i] <= box.right &&
      points.y[i] >= box.top &&
      points.y[i] <= box.bottom,
  );
  assert.ok(all.length > 50);
  assert.deepEqual(
    points.inside(box).sort((a, b) => a - b),
    all,
  );
});

test("what is around a place comes nearest first", () => {
  const points = scattered(3000);
  const distance = (i) => Math.hypot(points.x[i] - 0.4, points.y[i] - 0.4);
  const found = points.around(0.4, 0.4, 0.05);
  const all = [...points.x.keys()].filter((i) => distance(i) <= 0.05);
  assert.deepEqual(
    found,
    all.sort((a, b) => distance(a) - distance(b)),
  );
  assert.deepEqual(
    points.around(0.4, 0.4, 0.05, (i) => i === found[3]),
    [found[3]],
  );
});

test("the nearest are found however far they are", () => {
  const points = new MapPoints([0, 1, 0.5], [0, 1, 0.5]);
  assert.deepEqual(points.near(0, 5), [2, 1]);
  assert.deepEqual(points.near(0, 1), [2]);
  assert.deepEqual(new MapPoints([0.5], [0.5]).near(0, 3), []);
});

test("keys lead to what lies ahead", () => {
  const points = new MapPoints([0.5, 0.7, 0.6, 0.5, 0.1], [0.5, 0.5, 0.9, 0.3, 0.52]);
  assert.equal(points.next(0, "right"), 1);
  assert.equal(points.next(0, "up"), 3);
  assert.equal(points.next(0, "left"), 4);
  assert.equal(points.next(0, "down"), 2);
  assert.equal(points.next(4, "left"), 4);
  assert.equal(
    points.next(0, "right", (i) => i !== 1),
    0,
  );
});

test("points at the rim and of one place are in the grid", () => {
  const points = new MapPoints([0, 1, 1, 1], [0, 1, 1, 0]);
  assert.deepEqual(points.inside({ left: 1, top: 1, right: 1, bottom: 1 }), [1, 2]);
  assert.equal(new MapPoints([], []).inside({ left: 0, top: 0, right: 1, bottom: 1 }).length, 0);
});

test("pictures do not cover each other, and the first ones go first", () => {
  const places = [
    { i: 4, x: 0, y: 0 },
    { i: 5, x: 30, y: 30 },
    { i: 6, x: 70, y: 0 },
    { i: 7, x: 0, y: 90 },
  ];
  assert.deepEqual(apart(places, 60, 10), [4, 6, 7]);
  assert.deepEqual(apart(places, 60, 2), [4, 6]);
});
