import assert from "node:assert/strict";
import { test } from "node:test";
import { layOut, NO_LAYOUT, neighbour, tilesBetween } from "../../server/web/state/hits/layout.js";

const picture = (aspect) => ({ aspect, least: 0 });
const card = { aspect: 1.45, least: 240 };
const frame = { width: 1000, target: 200, gap: 8 };

/** Numbers between 0 and 1 that are the same in every run. */
function* numbers(seed) {
  let value = seed;
  for (;;) {
    value = (value * 1103515245 + 12345) % 2147483648;
    yield value / 2147483648;
  }
}

function shapes(count, seed = 7) {
  const random = numbers(seed);
  return Array.from({ length: count }, () => {
    const kind = random.next().value;
    return kind < 0.3 ? card : picture(0.4 + 2.5 * random.next().value);
  });
}

for (const width of [328, 360, 777, 1000, 2500]) {
  test(`full rows fill a page of ${width} pixels exactly, and no tiles overlap`, () => {
    const layout = layOut(shapes(500), { ...frame, width });
    assert.equal(layout.boxes.length, 500);
    for (const row of layout.rows.slice(0, layout.full)) {
      const boxes = layout.boxes.slice(row.first, row.end);
      assert.equal(boxes[0].x, 0);
      assert.equal(boxes.at(-1).x + boxes.at(-1).width, width);
      boxes.slice(1).forEach((box, at) => {
        assert.equal(box.x, boxes[at].x + boxes[at].width + 8);
      });
      assert.ok(row.height >= 0.62 * 200 - 1 && row.height <= 1.55 * 200 + 1, `${row.height}`);
      assert.ok(
        boxes.every((box) => box.width > 0 && box.height === row.height && box.y === row.y),
      );
    }
    const bottoms = layout.rows.map((row) => row.y + row.height);
    assert.ok(layout.rows.slice(1).every((row, at) => row.y === bottoms[at] + 8));
    assert.equal(layout.height, bottoms.at(-1));
  });
}

test("pictures that fit keep their shape", () => {
  const layout = layOut(Array(40).fill(picture(1.5)), frame);
  for (const { width, height } of layout.boxes.slice(0, 30)) {
    assert.ok(Math.abs(width / height - 1.5) < 0.03);
  }
});

test("further tiles leave full rows where they are", () => {
  const all = shapes(300);
  const before = layOut(all.slice(0, 100), frame);
  const after = layOut(all, frame, before);
  assert.deepEqual(after.rows.slice(0, before.full), before.rows.slice(0, before.full));
  assert.deepEqual(after, layOut(all, frame));
});

test("a row of cards alone is no higher than they need, and fills the page all the same", () => {
  const layout = layOut(Array(12).fill({ ...card, most: 150 }), frame);
  const row = layout.rows[0];
  assert.equal(row.height, 150);
  assert.equal(layout.boxes[row.end - 1].x + layout.boxes[row.end - 1].width, 1000);
  const mixed = layOut([{ ...card, most: 150 }, picture(1.5), picture(1.5)], frame);
  assert.ok(mixed.rows[0].height > 150);
});

test("a few tiles are not blown up", () => {
  const layout = layOut([picture(1), picture(1.5)], frame);
  assert.deepEqual(layout.boxes, [
    { x: 0, y: 0, width: 200, height: 200 },
    { x: 208, y: 0, width: 300, height: 200 },
  ]);
  assert.equal(layout.full, 0);
});

test("a tile that is wider than the page is fitted into it", () => {
  const [box] = layOut([card], { width: 200, target: 150, gap: 8 }).boxes;
  assert.equal(box.width, 200);
});

test("nothing, or no room, is no layout", () => {
  assert.equal(layOut([], frame).height, 0);
  assert.equal(layOut(shapes(3), { ...frame, width: 0 }), NO_LAYOUT);
});

test("only the rows in sight are shown", () => {
  const layout = layOut(shapes(10_000), frame);
  const middle = layout.rows[600];
  const seen = tilesBetween(layout, middle.y + 1, middle.y + middle.height - 1);
  assert.deepEqual(seen, { first: middle.first, end: middle.end });
  assert.deepEqual(tilesBetween(layout, -500, -1), { first: 0, end: 0 });
  assert.equal(tilesBetween(layout, 0, layout.height).end, 10_000);
  assert.deepEqual(tilesBetween(NO_LAYOUT, 0, 100), { first: 0, end: 0 });
});

test("arrows lead to the neighbour in place", () => {
  const layout = layOut(Array(9).fill(picture(1)), { width: 616, target: 200, gap: 8 });
  assert.deepEqual(
    layout.rows.map((row) => row.end),
    [3, 6, 9],
  );
  assert.equal(neighbour(layout, 1, "down"), 4);
  assert.equal(neighbour(layout, 4, "up"), 1);
  assert.equal(neighbour(layout, 1, "up"), 1);
  assert.equal(neighbour(layout, 8, "down"), 8);
  assert.equal(neighbour(layout, 0, "left"), 0);
  assert.equal(neighbour(layout, 8, "right"), 8);
  assert.equal(neighbour(layout, 5, "right"), 6);
  assert.equal(neighbour(layout, 5, "first"), 0);
  assert.equal(neighbour(layout, 5, "last"), 8);
});
