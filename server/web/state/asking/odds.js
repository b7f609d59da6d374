/** Scores in words: of the unrelated items, one in 10 to the score has so high a score. */

const MEASURED = 2; // beyond it scores are extrapolated

/**
 * @param {number} score
 * @returns {{one: number, isExtrapolated: boolean}} one in so many, rounded as the score allows
 */
export function oddsOf(score) {
  const exact = 10 ** Math.min(12, Math.max(0, score));
  const unit = 10 ** Math.floor(Math.log10(exact) + 1e-9);
  const one = Math.max(1, Math.round(exact / unit) * unit);
  return { one, isExtrapolated: score > MEASURED };
}
