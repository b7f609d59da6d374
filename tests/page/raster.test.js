import assert from "node:assert/strict";
import { test } from "node:test";
import { Raster, stampOf } from "../../server/web/state/map/raster.js";

const [INK, PAPER, RIM] = [
  [200, 10, 20],
  [250, 250, 250],
  [0, 0, 0],
];

function paper(width, height) {
  const raster = new Raster(width, height);
  raster.clear(PAPER);
  const at = (x, y) => [...raster.pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
  return { raster, at };
}

test("a shape has its colour inside, its rim around, and nothing beyond", () => {
  const { raster, at } = paper(41, 41);
  raster.draw(stampOf("image", 10, 3, INK, RIM, 1), 20.5, 20.5);
  assert.deepEqual(at(20, 20), [...INK, 255]);
  assert.deepEqual(at(20, 9), [...RIM, 255]);
  assert.deepEqual(at(20, 5), [...PAPER, 255]);
});

test("what is faint lets through what is below", () => {
  const { raster, at } = paper(21, 21);
  raster.draw(stampOf("text", 6, 0, INK, RIM, 0.5), 10.5, 10.5);
  assert.ok(Math.abs(at(10, 10)[0] - 225) <= 1);
  raster.draw(stampOf("text", 6, 0, INK, RIM, 0.5), 10.5, 10.5);
  assert.ok(Math.abs(at(10, 10)[0] - 212) <= 2);
});

test("shapes are told apart without their colours", () => {
  const areas = ["image", "audio", "text", "video", "document"].map((name) => {
    const { covers } = stampOf(name, 20, 0, INK, RIM, 1);
    return [...covers].map((cover) => (cover > 127 ? 1 : 0));
  });
  for (const [i, one] of areas.entries()) {
    assert.ok(one.filter(Boolean).length > 600);
    for (const other of areas.slice(i + 1)) {
      assert.ok(one.filter((cover, place) => cover !== other[place]).length > 80);
    }
  }
});

test("edges are smooth", () => {
  const { covers } = stampOf("image", 5, 0, INK, RIM, 1);
  assert.ok(covers.some((cover) => cover > 20 && cover < 235));
});

test("at the rim of the raster only what is inside is drawn", () => {
  const { raster, at } = paper(8, 8);
  const stamp = stampOf("image", 5, 0, INK, RIM, 1);
  for (const [x, y] of [
    [0, 0],
    [8, 8],
    [-40, 3],
    [3, 90],
    [0, 8],
  ])
    raster.draw(stamp, x, y);
  assert.deepEqual(at(0, 0), [...INK, 255]);
  assert.deepEqual(at(7, 7), [...INK, 255]);
  assert.deepEqual(at(7, 0), [...PAPER, 255]);
});
