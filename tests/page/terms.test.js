import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chipsOf,
  draftOf,
  stepped,
  withDraft,
  withDraftKept,
  withoutTerm,
  withWeight,
} from "../../server/web/state/asking/terms.js";

const text = (words, weight = 1) => ({ text: words, weight });
const picture = { upload: "q-1", weight: 1, name: "a.jpg", modality: "image" };
const chips = (terms) => chipsOf(terms).map(({ term }) => term.text ?? term.upload);

test("the last plain text is in the box, and all else are chips", () => {
  const terms = [text("a street"), picture, text("at night", -1)];
  assert.equal(draftOf(terms), "a street");
  assert.deepEqual(chips(terms), ["q-1", "at night"]);
});

test("what is typed takes the place of the text in the box", () => {
  assert.deepEqual(withDraft([picture], "rain"), [picture, text("rain")]);
  assert.deepEqual(withDraft([text("rai"), picture], "rain"), [text("rain"), picture]);
  assert.deepEqual(withDraft([picture, text("r")], ""), [picture]);
  assert.deepEqual(withDraft([picture], ""), [picture]);
});

test("a text that was made a chip does not slip back into the box", () => {
  const kept = withDraftKept([text("rain")]);
  assert.equal(draftOf(kept), "");
  assert.deepEqual(chips(kept), ["rain"]);
  const typed = withDraft(kept, "street");
  assert.deepEqual(chips(withDraft(typed, "")), ["rain"]);
  assert.equal(draftOf(withDraft(typed, "")), "");
  assert.deepEqual(withDraftKept([picture]), [picture]);
});

test("a weight changes its chip alone", () => {
  const terms = [text("a street"), text("night", -1)];
  const plain = withWeight(terms, 1, 1);
  assert.equal(draftOf(plain), "a street");
  assert.deepEqual(chips(plain), ["night"]);
  assert.equal(draftOf(withWeight([text("night", -1)], 0, 1)), "");
  assert.deepEqual(withWeight(terms, 7, 1), terms);
});

test("a chip that goes leaves the box as it is", () => {
  const kept = [text("rain"), text("street"), picture];
  assert.deepEqual(withoutTerm(kept, 2), [text("rain"), text("street")]);
  const withEmptyBox = withDraftKept([text("rain"), picture]);
  assert.equal(draftOf(withoutTerm(withEmptyBox, 1)), "");
  assert.deepEqual(chips(withoutTerm(withEmptyBox, 1)), ["rain"]);
});

test("weights go in steps, over the middle too, and never to nothing", () => {
  assert.equal(stepped(0.1, -1), -0.1);
  assert.equal(stepped(-0.1, 1), 0.1);
  assert.ok(Math.abs(stepped(0.5, 1) - 0.6) < 1e-9);
  const weightOf = (weight) => withWeight([picture], 0, weight)[0].weight;
  assert.deepEqual([0, -0.01, 0.44, 9, -9].map(weightOf), [0.1, -0.1, 0.4, 2, -2]);
});
