/** What is shown of the moments of a video. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { clipAt, isLookedAt, partsOf, pictureOf } from "../../server/web/state/hits/moments.js";
import { placeOf } from "../../server/web/state/hits/telling.js";
import { isAnimation } from "../../server/web/state/hits/tiles.js";

const seen = { modality: "image", score: 4, start: 13, end: 14, unit: "seconds", page: null };
const heard = { modality: "audio", score: 3, start: 10, end: 20, unit: "seconds", page: null };
const said = {
  modality: "text",
  score: 1.5,
  start: null,
  end: null,
  unit: null,
  origin: "caption",
};
const moments = [{ start: 10, end: 20, score: 4, frame: 13, modalities: ["image", "audio"] }];
const hit = { id: "a", kind: "video", ...seen, segments: [heard, said], moments };

test("the picture of a hit is its page, or the frame that matched best", () => {
  assert.deepEqual(pictureOf(hit), { start: 13 });
  assert.deepEqual(pictureOf({ ...hit, moments: [{ ...moments[0], frame: null }] }), { start: 10 });
  assert.deepEqual(pictureOf({ kind: "video", start: 7, unit: "seconds" }), { start: 7 });
  assert.deepEqual(pictureOf({ kind: "video" }), {});
  assert.deepEqual(pictureOf({ kind: "document", page: 3 }), { page: 3 });
  assert.deepEqual(pictureOf({ kind: "document" }), { page: 1 });
  assert.deepEqual(pictureOf({ kind: "image", start: null }), {});
});

test("a hit is where its best moment is", () => {
  assert.equal(placeOf(hit), "0:10–0:20");
  assert.equal(placeOf({ ...said, moments }), "");
});

test("the parts of a hit are its moments, and what has no time", () => {
  const parts = partsOf(hit);
  assert.deepEqual(
    parts.map(({ start, end, score }) => ({ start, end, score })),
    [
      { start: 10, end: 20, score: 4 },
      { start: null, end: null, score: 1.5 },
    ],
  );
  assert.equal(parts[0].modality, "image");
  const byWords = { ...hit, ...said, segments: [seen, heard] };
  assert.deepEqual(
    partsOf(byWords).map((part) => part.modality),
    ["text", "image"],
  );
  const photo = { id: "b", kind: "image", ...said, segments: [] };
  assert.equal(partsOf(photo).length, 1);
});

test("the part that is looked at is the one whose seconds those are", () => {
  const [moment, caption] = partsOf(hit);
  assert.equal(isLookedAt(moment, seen), true);
  assert.equal(isLookedAt(moment, { ...seen, start: 20 }), false);
  assert.equal(isLookedAt(caption, seen), false);
  assert.equal(isLookedAt(moment, null), false);
});

test("where the whole video cannot be played, its moment is", () => {
  assert.deepEqual(clipAt(hit, 13), { start: 10, end: 20 });
  assert.deepEqual(clipAt(hit, 40), { start: 40, end: 100 });
  assert.deepEqual(clipAt(undefined, 0), { start: 0, end: 60 });
  const long = { ...hit, moments: [{ ...moments[0], end: 500 }] };
  assert.deepEqual(clipAt(long, 13), { start: 10, end: 130 });
});

test("an animated picture is told from other videos by its name", () => {
  for (const source of ["a/wave.GIF", "wave.webp", "wave.png", "wave.apng"])
    assert.equal(isAnimation({ kind: "video", source }), true, source);
  for (const source of ["gif.mp4", "wave.gif.webm", "wave"])
    assert.equal(isAnimation({ kind: "video", source }), false, source);
  assert.equal(isAnimation({ kind: "image", source: "still.gif" }), false);
});
