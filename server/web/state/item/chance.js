/** What is drawn of a score and of what chance gives beside it. */

const LEAST_END = 4; // of the axis of scores: up to one in 10,000
const BINS = 24;

/**
 * Where the axis of scores ends: a whole number that leaves room beside what is shown.
 *
 * @param {number} score
 * @param {readonly number[]} sample
 */
export function endOfAxis(score, sample) {
  return Math.max(LEAST_END, Math.ceil(Math.max(score, ...sample) + 0.25));
}

/**
 * How many of a sample are in each part of the axis, as shares of the fullest.
 *
 * @param {readonly number[]} sample scores
 * @param {number} end of the axis, which begins at 0
 * @param {number} [bins]
 * @returns {number[]}
 */
export function histogram(sample, end, bins = BINS) {
  const counts = new Array(bins).fill(0);
  for (const value of sample) {
    counts[Math.min(Math.max(Math.floor((value / end) * bins), 0), bins - 1)]++;
  }
  const most = Math.max(...counts, 1);
  return counts.map((count) => count / most);
}

/**
 * How long the bars of the terms are, as shares of the longest: to the right what spoke for the
 * item, to the left (below 0) what spoke against it.
 *
 * @param {readonly { share: number }[]} terms
 * @returns {number[]}
 */
export function bars(terms) {
  const longest = Math.max(...terms.map((term) => Math.abs(term.share)), 1e-9);
  return terms.map((term) => term.share / longest);
}
