import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeOf, passagesAround, withPassages } from "../../server/web/state/reading.js";

const passage = (id) => ({
  id,
  start: id * 100,
  end: id * 100 + 100,
  text: `${id}`,
  origin: "content",
});
const all = Array.from({ length: 30 }, (_, id) => passage(29 - id));
const ids = (passages) => passages.map((one) => one.id);

test("passages are read in parts, in their order, from where one is", () => {
  const { segments, total } = passagesAround([...all, { ...passage(99), text: null }], 1050, 5);
  assert.deepEqual(ids(segments), [8, 9, 10, 11, 12]);
  assert.equal(total, 30);
  const reading = withPassages({ passages: [], total: null }, segments, total);
  const after = passagesAround(all, edgeOf(reading, 1), 5);
  const before = passagesAround(all, edgeOf(reading, -1), 5);
  const both = withPassages(withPassages(reading, after.segments, 30), before.segments, 30);
  assert.deepEqual(ids(both.passages), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
});

test("at the ends there is nothing before and nothing after", () => {
  assert.deepEqual(ids(passagesAround(all, 0, 5).segments), [0, 1, 2, 3, 4]);
  assert.deepEqual(ids(passagesAround(all, 9999, 5).segments), [27, 28, 29]);
  assert.deepEqual(passagesAround([], 0, 5), { segments: [], total: 0 });
  assert.equal(edgeOf({ passages: [], total: 0 }, 1), 0);
});
