import assert from "node:assert/strict";
import { test } from "node:test";
import {
  GREATEST_ZOOM,
  panned,
  revealing,
  toMap,
  toScreen,
  WHOLE,
  zoomed,
} from "../../server/web/state/map/view.js";

const size = { width: 800, height: 600 };
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("all of the map fits", () => {
  for (const corner of [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
    { x: 0, y: 1 },
  ]) {
    const { x, y } = toScreen(WHOLE, size, corner);
    assert.ok(x > 0 && x < size.width && y > 0 && y < size.height);
  }
});

test("what leads to the screen leads back", () => {
  const view = { x: 0.3, y: 0.7, zoom: 5 };
  const back = toMap(view, size, toScreen(view, size, { x: 0.31, y: 0.66 }));
  near(back.x, 0.31);
  near(back.y, 0.66);
});

test("what is under the pointer stays there", () => {
  const pixel = { x: 420, y: 310 };
  const before = toMap(WHOLE, size, pixel);
  const view = zoomed(zoomed(WHOLE, size, pixel, 3), size, pixel, 2);
  const after = toMap(view, size, pixel);
  near(view.zoom, 6);
  near(after.x, before.x);
  near(after.y, before.y);
});

test("it is never smaller than all of it, nor larger than it may be", () => {
  assert.deepEqual(zoomed({ x: 0.2, y: 0.2, zoom: 2 }, size, { x: 1, y: 1 }, 0.1), WHOLE);
  near(zoomed(WHOLE, size, { x: 1, y: 1 }, 1e9).zoom, GREATEST_ZOOM);
});

test("it moves with the hand, and not away from the map", () => {
  const view = { x: 0.5, y: 0.5, zoom: 4 };
  const moved = panned(view, size, 50, -20);
  const [from, to] = [view, moved].map((of) => toScreen(of, size, { x: 0.5, y: 0.5 }));
  near(to.x - from.x, 50);
  near(to.y - from.y, -20);
  const far = panned(view, size, 1e6, 1e6);
  assert.ok(far.x >= 0 && far.y >= 0);
  assert.deepEqual(panned(WHOLE, size, 90, 90), WHOLE);
});

test("a point is brought into sight, and one that is seen moves nothing", () => {
  const view = { x: 0.5, y: 0.5, zoom: 8 };
  assert.equal(revealing(view, size, { x: 0.5, y: 0.52 }), view);
  const { x, y } = toScreen(revealing(view, size, { x: 0.8, y: 0.2 }), size, { x: 0.8, y: 0.2 });
  assert.ok(x > 0 && x < size.width && y > 0 && y < size.height);
});
