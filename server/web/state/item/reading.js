/** Reading a text: passages in their order, which come in parts, and the one that is looked at. */

/**
 * @import { Service } from "../../service/service.js"
 * @import { Owned, Place, Segment } from "../types.js"
 * @import { State, Store } from "../store.js"
 *
 * @typedef {object} Reading
 * @property {readonly Segment[]} passages one after the other, none left out
 * @property {number} offset how many come before them
 * @property {number} total how many there are of all
 */

const PASSAGES = 7;

/**
 * @param {Store<State>} store
 * @param {Service} service
 */
export function readingActions(store, { api }) {
  /**
   * Brings passages of the text that is looked at.
   * @param {{at: number} | {offset: number, limit: number}} part
   * @param {(found: Reading) => Reading} place where they belong
   */
  async function bring(part, place) {
    const { detail, query } = store.get();
    if (detail === null) return;
    const asked = { limit: PASSAGES, ...part };
    // A text whose passages cannot be had is shown without them.
    const found = await api.passages(query.collection, detail.id, asked).catch(() => null);
    if (found === null || store.get().detail !== detail) return;
    const { segments, offset, total } = found;
    store.set({ reading: place({ passages: segments, offset, total }) });
  }

  /**
   * Shows the passages around a place.
   * @param {Partial<Place>} place
   */
  function readAt({ start = null, unit = null }) {
    return bring({ at: unit === "characters" ? (start ?? 0) : 0 }, (found) => found);
  }

  /**
   * Shows what comes after, or before, the passages that are there.
   * @param {1 | -1} direction
   */
  async function readOn(direction) {
    const { reading } = store.get();
    const part = reading === null ? null : nextPart(reading, direction);
    if (part !== null) await bring(part, (found) => joined(store.get().reading, found));
  }

  /**
   * Looks at another part of the item.
   * @param {Place} place
   */
  function lookAt(place) {
    const { detail, reading } = store.get();
    store.set({ place });
    const isThere = reading?.passages.some((one) => one.start === place.start) ?? true;
    if (detail !== null && hasPassages(detail) && !isThere) void readAt(place);
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

/**
 * The passages that come next in a direction; null: there are no more.
 * @param {Reading} reading
 * @param {1 | -1} direction
 */
export function nextPart({ passages, offset, total }, direction) {
  const end = offset + passages.length;
  if (direction > 0) return end < total ? { offset: end, limit: PASSAGES } : null;
  const limit = Math.min(PASSAGES, offset);
  return limit > 0 ? { offset: offset - limit, limit } : null;
}

/**
 * Passages with those right before or after them; the new ones alone, where others lie between.
 * @param {Reading | null} reading
 * @param {Reading} found
 * @returns {Reading}
 */
function joined(reading, found) {
  const [first, second] =
    (reading?.offset ?? 0) < found.offset ? [reading, found] : [found, reading];
  if (first === null || second === null) return found;
  if (first.offset + first.passages.length !== second.offset) return found;
  return { ...found, passages: [...first.passages, ...second.passages], offset: first.offset };
}
