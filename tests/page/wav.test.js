import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeWav, mixed } from "../../server/web/state/asking/wav.js";

test("a WAV says how long it is and holds the samples", () => {
  const bytes = Buffer.from(encodeWav(new Float32Array([0, 1, -1, 2]), 48_000));
  assert.equal(bytes.length, 52);
  assert.equal(bytes.toString("latin1", 0, 4), "RIFF");
  assert.equal(bytes.readUInt32LE(4), 44);
  assert.equal(bytes.toString("latin1", 8, 16), "WAVEfmt ");
  assert.equal(bytes.readUInt32LE(24), 48_000);
  assert.equal(bytes.readUInt32LE(40), 8);
  const samples = [0, 2, 4, 6].map((at) => bytes.readInt16LE(44 + at));
  assert.deepEqual(samples, [0, 32767, -32767, 32767]);
});

test("channels are mixed to their mean", () => {
  assert.deepEqual([...mixed([new Float32Array([1, 0]), new Float32Array([0, 0.5])])], [0.5, 0.25]);
  assert.equal(mixed([]).length, 0);
});
