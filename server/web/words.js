/** All words of the page, so that they are read, corrected and translated in one place. */

const count = new Intl.NumberFormat("en");

/**
 * @param {number} n
 * @param {string} one
 * @param {string} many
 */
const number = (n, one, many) => `${count.format(n)} ${n === 1 ? one : many}`;

export const words = {
  title: "anysense",
  close: "Close",
  skip: "Skip to the hits",
  ask: {
    label: "Search by words",
    placeholder: "Describe a picture, a sound, a passage…",
    clear: "Clear",
    region: "Search",
  },
  hits: {
    heading: "Hits",
    all: "Everything here, the newest first",
    count: (/** @type {number} */ n, /** @type {boolean} */ isAll) =>
      isAll ? number(n, "hit", "hits") : `${count.format(n)} hits and more`,
    items: (/** @type {number} */ n) => number(n, "item", "items"),
    none: "Nothing fits.",
    noMatch: "Nothing stands out: chance alone could have put these first.",
    loading: "Searching…",
    more: "More is on its way…",
  },
  modality: {
    image: "Pictures",
    audio: "Sounds",
    text: "Texts",
  },
  kind: {
    image: "Picture",
    audio: "Sound",
    text: "Text",
    document: "Document",
    video: "Video",
  },
  failed: {
    unreachable: "The service does not answer. Is it still running?",
    unknown: (/** @type {number} */ status) => `The service refused (${status}).`,
    again: "Try again",
  },
};
