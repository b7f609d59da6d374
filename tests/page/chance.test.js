import assert from "node:assert/strict";
import { test } from "node:test";
import { bars, endOfAxis, height, histogram, oneIn } from "../../server/web/state/chance.js";

test("a score is told as one in so many", () => {
  const told = [0, 0.2, 1, 1.39, 2, 2.52, 3, 3.23, 6].map(oneIn);
  assert.deepEqual(told, [1, 1, 10, 25, 100, 300, 1000, 2000, 1_000_000]);
});

test("just below a power of ten it is rounded to it", () => {
  assert.equal(oneIn(1.999), 100);
  assert.equal(oneIn(0.99), 10);
});

test("the axis holds what is shown, and one in 10,000", () => {
  assert.equal(endOfAxis(1, [0.2, 1.5]), 4);
  assert.equal(endOfAxis(6.2, []), 7);
  assert.equal(endOfAxis(1, [4.9]), 6);
});

test("every value is in one part, those off the axis at its ends", () => {
  assert.deepEqual(histogram([0, 0.5, 1.5, 3.9, 4, 9, -1], 4, 4), [1, 1 / 3, 0, 1]);
  assert.deepEqual(histogram([], 4, 2), [0, 0]);
});

test("tenfold rarer is one step down", () => {
  assert.equal(height(1, 1e-4), 1);
  assert.ok(Math.abs(height(0.1, 1e-4) - 0.75) < 1e-12);
  assert.equal(height(1e-9, 1e-4), 0);
});

test("the longest bar is whole, and what spoke against points the other way", () => {
  assert.deepEqual(bars([{ share: 0.4 }, { share: -0.2 }]), [1, -0.5]);
  assert.deepEqual(bars([{ share: 0 }]), [0]);
});
