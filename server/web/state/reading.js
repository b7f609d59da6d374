/** Reading a text: passages in their order, which come in parts, and the one that is looked at. */

/**
 * @import { Owned, Place, Segment } from "./types.js"
 * @import { State, Store } from "./store.js"
 *
 * @typedef {object} Reading
 * @property {readonly Segment[]} passages one after the other, none left out
 * @property {number | null} total how many there are; null until it is known
 */

const PASSAGES = 7;
/** @type {Reading} */
const NOTHING_READ = Object.freeze({ passages: [], total: null });

/**
 * @param {Store<State>} store
 */
export function readingActions(store) {
  /**
   * Shows the passages around a place of the text that is looked at.
   * @param {number} at
   */
  function readAt(at) {
    const { detail, reading } = store.get();
    if (detail === null) return;
    const { segments, total } = passagesAround(detail.segments, at, PASSAGES);
    store.set({ reading: withPassages(reading ?? NOTHING_READ, segments, total) });
  }

  /** @param {1 | -1} direction */
  function readOn(direction) {
    const { reading } = store.get();
    if (reading !== null) readAt(edgeOf(reading, direction));
  }

  /**
   * Looks at another part of the item.
   * @param {Place} place
   */
  function lookAt(place) {
    const { detail, reading } = store.get();
    store.set({ place });
    const isThere = reading?.passages.some((one) => one.start === place.start) ?? true;
    if (detail === null || !hasPassages(detail) || isThere) return;
    store.set({ reading: null });
    readAt(place.start ?? 0);
  }

  return { readAt, readOn, lookAt };
}

/**
 * Whether an item has passages to read.
 * @param {Owned} item
 */
export function hasPassages({ kind }) {
  return kind === "text" || kind === "document";
}

/** @param {Segment} passage */
const startOf = ({ start }) => start ?? 0;

/**
 * With further passages, which lie before or after those that are there.
 * @param {Reading} reading
 * @param {readonly Segment[]} found
 * @param {number} total
 * @returns {Reading}
 */
export function withPassages({ passages }, found, total) {
  const known = new Set(passages.map((one) => one.id));
  const all = [...passages, ...found.filter((one) => !known.has(one.id))];
  return { passages: all.sort((a, b) => startOf(a) - startOf(b)), total };
}

/**
 * Where to ask for the passages before or after those that are there.
 * @param {Reading} reading
 * @param {1 | -1} direction
 */
export function edgeOf({ passages }, direction) {
  const edge = direction > 0 ? passages.at(-1) : passages[0];
  if (edge === undefined) return 0;
  return direction > 0 ? (edge.end ?? 0) : Math.max(0, startOf(edge) - 1);
}

/**
 * So many passages around a place, in their order, and how many there are of all.
 * @param {readonly Segment[]} segments of an item
 * @param {number} at
 * @param {number} limit
 */
export function passagesAround(segments, at, limit) {
  const all = segments
    .filter(({ text, origin }) => text !== null && origin === "content")
    .sort((a, b) => startOf(a) - startOf(b));
  const found = all.findIndex(({ end }) => (end ?? 0) > at);
  const middle = found < 0 ? all.length - 1 : found;
  const first = Math.max(0, middle - Math.floor(limit / 2));
  return { segments: all.slice(first, first + limit), total: all.length };
}
