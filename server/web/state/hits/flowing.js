/** Texts whose lines were broken by hand, as running text. */

const WRAPPED = 60; // letters: shorter lines are verses, lists or code

/**
 * The text with single line breaks as spaces, where its lines look as if they were wrapped.
 * @param {string} text
 */
export function flowing(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const long = lines.slice(0, -1).filter((line) => line.trim().length >= WRAPPED).length;
  if (long * 2 < lines.length - 1) return text;
  return text.replace(/(?<!\n)\n(?![\n\s>|*+-]|\d+[.)])/g, " ");
}
