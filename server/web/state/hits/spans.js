/** Parts of a sound, in seconds. */

/** @import { Hit, Place } from "../types.js" */

/**
 * The parts of a hit that matched, the best first.
 * @param {Pick<Hit, "start" | "end" | "unit" | "segments">} hit
 * @returns {{start: number, end: number}[]}
 */
export function spansOf(hit) {
  return [hit, ...(hit.segments ?? [])]
    .filter(({ unit, start, end }) => unit === "seconds" && start !== null && end !== null)
    .map(({ start, end }) => ({ start: start ?? 0, end: end ?? 0 }));
}

/**
 * The second at which a part begins.
 * @param {Partial<Pick<Place, "start" | "unit">>} place
 */
export function startOf({ start = null, unit = null }) {
  return unit === "seconds" ? (start ?? 0) : 0;
}
