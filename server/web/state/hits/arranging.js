/** The layout of the hits, kept until hits or width change. */

import { layOut, NO_LAYOUT } from "./layout.js";

/**
 * @import { Frame, Layout, Shape } from "./layout.js"
 * @import { Hit } from "../types.js"
 */

const GAP = 8;

/**
 * The height that rows should have on a page of this width.
 * @param {number} width
 */
export function targetHeight(width) {
  return Math.round(Math.min(250, Math.max(150, 100 + width / 9)));
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
    frame = { width, target: targetHeight(width), gap: GAP };
    layout = layOut(shapes, frame, goesOn ? layout : NO_LAYOUT);
    hits = given;
    return layout;
  };
}
