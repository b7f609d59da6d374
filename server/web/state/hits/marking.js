/** Which parts of a passage are words of the query. */

const SHORTEST = 3;

/**
 * @param {string} text
 * @returns {string[]} the words that are worth marking, in lower case
 */
export function wordsOf(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  return [...new Set(words.filter((word) => word.length >= SHORTEST && !COMMON.has(word)))];
}

const COMMON = new Set(
  "and are but for from has have into its not off one our out she that the their them then there they this was were what when where which who will with you your".split(
    " ",
  ),
);

/**
 * A text in parts, of which those that begin with a word of the query are marked, each as a whole word.
 * @param {string} text
 * @param {readonly string[]} words in lower case
 * @returns {{text: string, isMarked: boolean}[]}
 */
export function marked(text, words) {
  if (words.length === 0) return [{ text, isMarked: false }];
  const parts = text.split(/([\p{L}\p{N}_]+)/u);
  /** @type {{text: string, isMarked: boolean}[]} */
  const found = [];
  for (const part of parts.filter((piece) => piece !== "")) {
    const isMarked = isAbout(part.toLowerCase(), words);
    const last = found.at(-1);
    if (last !== undefined && last.isMarked === isMarked) last.text += part;
    else found.push({ text: part, isMarked });
  }
  return found;
}

const ENDINGS = new Set(["", "s", "es", "d", "ed", "ing"]);
const LONG = 5; // letters: such a word may end in another way, as in other languages

/**
 * Whether a word of the text is one of these, or another form of it.
 * @param {string} part
 * @param {readonly string[]} words
 */
function isAbout(part, words) {
  return words.some((word) => {
    const root = stem(word);
    const ending = part.slice(root.length);
    const mayEnd = ENDINGS.has(ending) || (word.length >= LONG && ending.length <= 2);
    return part.startsWith(root) && mayEnd;
  });
}

/**
 * A word without its plural, so that "waves" marks "wave" as well.
 * @param {string} word
 */
function stem(word) {
  return word.length > SHORTEST + 1 && word.endsWith("s") ? word.slice(0, -1) : word;
}
