/** The terms of a query as the box shows them: one text is being written, the others are chips. */

import { clampWeight } from "../query.js";

/** @import { Term } from "../types.js" */

const STEP = 0.1; // of weights, and the least: a term of no weight would do nothing

/**
 * Which term stands in the box: the last text of the plain weight. -1: none, the box is empty.
 * @param {readonly Term[]} terms
 */
function draftIndex(terms) {
  return terms.findLastIndex((term) => term.text !== undefined && term.weight === 1);
}

/**
 * The text in the box.
 * @param {readonly Term[]} terms
 */
export function draftOf(terms) {
  return terms[draftIndex(terms)]?.text ?? "";
}

/**
 * These terms with another text in the box.
 * @param {readonly Term[]} terms
 * @param {string} text
 * @returns {readonly Term[]}
 */
export function withDraft(terms, text) {
  const index = draftIndex(terms);
  const draft = { text, weight: 1 };
  if (index < 0) return text === "" ? terms : [...terms, draft];
  const hasOtherTexts = terms.some((term, at) => at !== index && isPlain(term));
  // An empty draft stays where another text would otherwise slip into the box.
  if (text === "" && !hasOtherTexts) return terms.filter((_, at) => at !== index);
  return terms.with(index, draft);
}

/** @param {Term} term */
const isPlain = (term) => term.text !== undefined && term.weight === 1;

/**
 * The terms beside the box, with their places in the query.
 * @param {readonly Term[]} terms
 */
export function chipsOf(terms) {
  const draft = draftIndex(terms);
  return terms.map((term, index) => ({ term, index })).filter(({ index }) => index !== draft);
}

/**
 * Makes a chip of the text in the box, which is empty then.
 * @param {readonly Term[]} terms
 * @returns {readonly Term[]}
 */
export function withDraftKept(terms) {
  if (draftOf(terms).trim() === "") return terms;
  return [...terms, { text: "", weight: 1 }];
}

/**
 * @param {readonly Term[]} terms
 * @param {number} index
 * @param {number} weight
 * @returns {readonly Term[]}
 */
export function withWeight(terms, index, weight) {
  const term = terms[index];
  if (term === undefined) return terms;
  const changed = terms.with(index, { ...term, weight: awayFromNothing(weight) });
  const draft = draftIndex(terms);
  if (draftIndex(changed) === draft) return changed;
  // A text whose weight becomes plain would slip into the box: the draft stays the last text.
  return [...changed.filter((_, at) => at !== draft), { text: draftOf(terms), weight: 1 }];
}

/**
 * @param {readonly Term[]} terms
 * @param {number} index
 * @returns {readonly Term[]}
 */
export function withoutTerm(terms, index) {
  return withDraft(
    terms.filter((_, at) => at !== index),
    index === draftIndex(terms) ? "" : draftOf(terms),
  );
}

/**
 * The next weight up or down: from the least one to its negative.
 * @param {number} weight
 * @param {1 | -1} direction
 */
export function stepped(weight, direction) {
  const next = weight + direction * STEP;
  return Math.abs(next) < STEP / 2 ? direction * STEP : next;
}

/**
 * The nearest weight that does something, of those that the page offers.
 * @param {number} weight
 */
function awayFromNothing(weight) {
  const rounded = clampWeight(Math.round(weight / STEP) * STEP);
  if (Math.abs(rounded) >= STEP) return rounded;
  return weight < 0 ? -STEP : STEP;
}
