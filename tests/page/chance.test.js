import assert from "node:assert/strict";
import { test } from "node:test";
import { bars, endOfAxis, histogram } from "../../server/web/state/item/chance.js";

test("the axis holds what is shown, and one in 10,000", () => {
  assert.equal(endOfAxis(1, [0.2, 1.5]), 4);
  assert.equal(endOfAxis(6.2, []), 7);
  assert.equal(endOfAxis(1, [4.9]), 6);
});

test("every value is in one part, those off the axis at its ends", () => {
  assert.deepEqual(histogram([0, 0.5, 1.5, 3.9, 4, 9, -1], 4, 4), [1, 1 / 3, 0, 1]);
  assert.deepEqual(histogram([], 4, 2), [0, 0]);
});

test("the longest bar is whole, and what spoke against points the other way", () => {
  assert.deepEqual(bars([{ share: 0.4 }, { share: -0.2 }]), [1, -0.5]);
  assert.deepEqual(bars([{ share: 0 }]), [0]);
});
