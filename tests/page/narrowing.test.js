import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chosenValues,
  conditionText,
  dayFrom,
  ranged,
  rangeOf,
  toggled,
  without,
} from "../../server/web/state/asking/narrowing.js";

test("values are chosen and given up one by one", () => {
  const one = toggled({ year: { $gte: 2000 } }, "camera", "X100");
  assert.deepEqual(one, { year: { $gte: 2000 }, camera: { $in: ["X100"] } });
  const two = toggled(one, "camera", "GR III");
  assert.deepEqual(chosenValues(two, "camera"), ["X100", "GR III"]);
  assert.equal(conditionText(two, "camera"), "X100, GR III");
  assert.deepEqual(toggled(toggled(two, "camera", "X100"), "camera", "GR III"), {
    year: { $gte: 2000 },
  });
  assert.deepEqual(chosenValues({ stereo: { $eq: true } }, "stereo"), [true]);
});

test("ranges are open at either end", () => {
  const both = ranged({}, "year", { least: 2000, greatest: 2020 });
  assert.deepEqual(both, { year: { $gte: 2000, $lte: 2020 } });
  assert.deepEqual(rangeOf(both, "year"), { least: 2000, greatest: 2020 });
  assert.equal(conditionText(both, "year"), "2000 – 2020");
  assert.equal(conditionText(ranged(both, "year", { least: null, greatest: 7 }), "year"), "≤ 7");
  assert.deepEqual(ranged(both, "year", { least: null, greatest: null }), {});
});

test("the last day of a range of dates belongs to it with all its hours", () => {
  const where = ranged({}, "taken", { least: "2021-05-02", greatest: "2021-12-31" });
  assert.deepEqual(where, { taken: { $gte: "2021-05-02", $lt: "2022-01-01" } });
  assert.equal(rangeOf(where, "taken").greatest, "2021-12-31");
  assert.equal(dayFrom("2024-02-28", 1), "2024-02-29");
  assert.equal(dayFrom("soon", 1), "soon");
});

test("conditions of other shapes are shown as they are, and can be left out", () => {
  const where = { title: { $prefix: "A" } };
  assert.equal(conditionText(where, "title"), '{"$prefix":"A"}');
  assert.deepEqual(without(where, "title"), {});
});
