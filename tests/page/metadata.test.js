import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlain, rowsOf, valueText } from "../../server/web/state/item/metadata.js";

test("metadata are rows that are named as filters name them", () => {
  const metadata = {
    year: 2021,
    camera: { model: "X100", lens: null },
    tags: ["a", "b"],
    note: "",
  };
  assert.deepEqual(rowsOf(metadata), [
    { name: "year", value: 2021 },
    { name: "camera.model", value: "X100" },
    { name: "tags", value: ["a", "b"] },
  ]);
  assert.equal(valueText(["a", { b: 1 }]), 'a, {"b":1}');
  const deep = { a: { b: { c: { d: { e: { f: 1 } } } } } };
  assert.deepEqual(rowsOf(deep), [{ name: "a.b.c.d.e", value: { f: 1 } }]);
});

test("one can filter by plain values", () => {
  assert.deepEqual([1, "x", true, ["x"], {}, "x".repeat(201)].map(isPlain), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
