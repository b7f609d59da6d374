/** The layout of the hits, kept until hits or width change. */

import { layOut, NO_LAYOUT } from "./layout.js";
import { lookOf } from "./tiles.js";

/**
 * @import { Frame, Layout, Shape } from "./layout.js"
 * @import { Hit } from "./types.js"
 */

const GAP = 8;
const FIRST = 60; // hits that say what the list is of
const LOW = 0.68; // of the usual height: sounds need less

/**
 * The height that rows should have.
 * @param {number} width of the page
 * @param {readonly Hit[]} [hits] what is shown
 */
export function targetHeight(width, hits = []) {
  const usual = Math.min(250, Math.max(150, 100 + width / 9));
  const first = hits.slice(0, FIRST);
  const areSounds = first.length > 0 && first.every((hit) => lookOf(hit) === "sound");
  return Math.round(areSounds ? usual * LOW : usual);
}

/**
 * Gives a function that lays hits out, and lays out only what is new when hits are added.
 * @param {(hit: Hit, width: number) => Shape} shapeOf is asked once for each hit, so that a row stays as it was shown
 */
export function createArranger(shapeOf) {
  /** @type {readonly Hit[]} */
  let hits = [];
  /** @type {Shape[]} */
  let shapes = [];
  /** @type {Frame} */
  let frame = { width: 0, target: 0, gap: GAP };
  let layout = NO_LAYOUT;

  /**
   * @param {readonly Hit[]} given
   * @param {number} width
   * @returns {Layout}
   */
  return function arrange(given, width) {
    if (given === hits && width === frame.width) return layout;
    const goesOn =
      width === frame.width && hits.length > 0 && hits.every((hit, at) => hit === given[at]);
    shapes = [
      ...(goesOn ? shapes : []),
      ...given.slice(goesOn ? hits.length : 0).map((hit) => shapeOf(hit, width)),
    ];
    if (!goesOn) frame = { width, target: targetHeight(width, given), gap: GAP };
    layout = layOut(shapes, frame, goesOn ? layout : NO_LAYOUT);
    hits = given;
    return layout;
  };
}
