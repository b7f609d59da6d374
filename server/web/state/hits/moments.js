/** The moments of a recording or a video that matched, and what is shown of them. */

/** @import { Hit, HitSegment, Moment, Place } from "../types.js" */

/** Of a video that is only looked at, so many seconds are taken where not all of it can be. */
const USUAL = 60;
const MOST = 120;

/**
 * What a picture of a hit is of: the page of a document, the second of a video.
 * @param {Pick<Hit, "kind" | "page" | "start" | "unit" | "moments">} hit
 * @returns {{page?: number, start?: number}}
 */
export function pictureOf({ kind, page = null, start = null, unit = null, moments = [] }) {
  if (kind === "document") return { page: page ?? 1 };
  const seconds = moments[0]?.frame ?? moments[0]?.start ?? (unit === "seconds" ? start : null);
  return kind === "video" && seconds !== null ? { start: seconds } : {};
}

/**
 * The seconds of a video that are played where the whole cannot be.
 * @param {Pick<Hit, "moments"> | undefined} hit
 * @param {number} start the second that is looked at
 * @returns {{start: number, end: number}}
 */
export function clipAt(hit, start) {
  const moment = hit?.moments?.find((one) => isWithin(start, one));
  const begin = moment?.start ?? start;
  return { start: begin, end: Math.min(moment?.end ?? begin + USUAL, begin + MOST) };
}

/**
 * What of an item matched: its moments, and the segments that are of no time.
 * @param {Hit} hit
 * @returns {HitSegment[]}
 */
export function partsOf(hit) {
  const segments = /** @type {HitSegment[]} */ ([hit, ...(hit.segments ?? [])]);
  const moments = (hit.moments ?? []).map((moment) => partOf(moment, segments));
  const timeless = segments.filter((segment) => moments.length === 0 || segment.unit !== "seconds");
  return hit.unit === "seconds" ? [...moments, ...timeless] : [...timeless, ...moments];
}

/**
 * A moment as a part of its item, with what is else known of its best segment.
 * @param {Moment} moment
 * @param {readonly HitSegment[]} segments
 * @returns {HitSegment}
 */
function partOf(moment, segments) {
  const best = /** @type {HitSegment} */ (
    segments.find((one) => one.score === moment.score && isWithin(one.start ?? -1, moment))
  );
  return { ...best, start: moment.start, end: moment.end };
}

/**
 * Whether a part of an item is the one that is looked at.
 * @param {HitSegment} part
 * @param {Place | null} place
 */
export function isLookedAt(part, place) {
  if (place === null) return false;
  if (part.unit === "seconds" && place.unit === "seconds") {
    return isWithin(place.start ?? -1, { start: part.start ?? 0, end: part.end ?? 0 });
  }
  return place.start === part.start && place.page === part.page && place.origin === part.origin;
}

/**
 * @param {number} seconds
 * @param {{start: number, end: number}} span
 */
function isWithin(seconds, { start, end }) {
  return seconds >= start && seconds < end;
}
