/**
 * Draws the points of a map on a canvas, crisp on dense screens. Each modality has a colour and a
 * shape.
 */

import { Raster, stampOf } from "../state/map/raster.js";
import { sidesOf, toMap } from "../state/map/view.js";

/**
 * @import { MapPoints } from "../state/map/points.js"
 * @import { Size, View } from "../state/map/view.js"
 * @import { Colour, Stamp } from "../state/map/raster.js"
 * @import { Palette } from "./map-palette.js"
 *
 * @typedef {"plain" | "dim" | "lit"} Look
 *
 * @typedef {object} Scene what is drawn
 * @property {MapPoints} points
 * @property {readonly string[]} modalities
 * @property {ArrayLike<number>} modality of each point, as a place among them
 * @property {View} view
 * @property {Size} size
 * @property {ReadonlySet<string>} hidden modalities
 * @property {readonly number[] | null} lit points, the best first; null where nothing is asked
 * @property {number} cursor the point that is looked at, or -1
 * @property {Palette} palette
 * @property {readonly { i: number, image: CanvasImageSource, ratio: number }[]} pictures of points
 */

export const PICTURE = 64; // pixels along the longer side
const DENSEST = 2; // pixels for one of CSS: more are not seen
const DIM = 0.22;
const BEST = 10; // hits that are larger than the others

export class MapPainter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @private */
    this.context = /** @type {CanvasRenderingContext2D} */ (
      canvas.getContext("2d", { alpha: false })
    );
    /** @private */
    this.raster = new Raster(0, 0);
    /** @private @type {Map<string, Stamp>} */
    this.stamps = new Map();
    /** @private */
    this.stampsOf = "";
    /** @private */
    this.ratio = 1;
    /** @private Of the map that is painted, in pixels of CSS. */
    this.sides = { across: 1, down: 1 };
  }

  /**
   * @param {Scene} scene
   */
  paint(scene) {
    this.fit(scene.size);
    this.renew(scene.palette);
    this.sides = sidesOf(scene.view, scene.size);
    this.paintPoints(scene);
    const { raster, context, ratio } = this;
    context.putImageData(new ImageData(raster.pixels, raster.width, raster.height), 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const { i, image, ratio: shape } of scene.pictures) this.picture(scene, i, image, shape);
    if (scene.cursor >= 0) this.ring(scene, radiusOf(scene));
  }

  /**
   * All points, then the hits: the worst first, so that the best are on top.
   *
   * @private
   * @param {Scene} scene
   */
  paintPoints(scene) {
    const radius = radiusOf(scene);
    this.raster.clear(scene.palette.page);
    const look = scene.lit ? "dim" : "plain";
    for (const i of scene.points.inside(boxOf(scene))) this.stamp(scene, i, radius, look);
    const lit = scene.lit ?? [];
    for (let place = lit.length - 1; place >= 0; place--) {
      const times = place < BEST ? 1.9 : 1.35;
      this.stamp(scene, lit[place], Math.round(radius * times * 2) / 2, "lit");
    }
  }

  /**
   * @private
   * @param {Size} size
   */
  fit(size) {
    this.ratio = Math.min(globalThis.devicePixelRatio || 1, DENSEST);
    const [width, height] = [size.width, size.height].map((side) => Math.round(side * this.ratio));
    const { canvas, raster } = this;
    if (raster.width === width && raster.height === height) return;
    canvas.width = width;
    canvas.height = height;
    this.raster = new Raster(width, height);
  }

  /**
   * Forget the stamps if they were of other colours.
   *
   * @private
   * @param {Palette} palette
   */
  renew(palette) {
    const now = JSON.stringify([palette, this.ratio]);
    if (now !== this.stampsOf || this.stamps.size > 200) this.stamps.clear();
    this.stampsOf = now;
  }

  /**
   * @private
   * @param {Scene} scene
   * @param {number} i
   * @returns {[number, number]} in pixels of CSS
   */
  place({ points, view, size }, i) {
    return [
      size.width / 2 + (points.x[i] - view.x) * this.sides.across,
      size.height / 2 + (points.y[i] - view.y) * this.sides.down,
    ];
  }

  /**
   * @private
   * @param {Scene} scene
   * @param {number} i
   * @param {number} radius
   * @param {Look} look
   */
  stamp(scene, i, radius, look) {
    const modality = scene.modalities[scene.modality[i]];
    if (scene.hidden.has(modality)) return;
    const [x, y] = this.place(scene, i);
    const stamp = this.stampOf(scene.palette, modality, radius, look);
    this.raster.draw(stamp, x * this.ratio, y * this.ratio);
  }

  /**
   * @private
   * @param {Palette} palette
   * @param {string} modality
   * @param {number} radius
   * @param {Look} look
   * @returns {Stamp}
   */
  stampOf(palette, modality, radius, look) {
    const name = `${modality} ${radius} ${look}`;
    const known = this.stamps.get(name);
    if (known) return known;
    const colour = palette[modality] ?? palette.ink;
    const rim = look === "lit" ? 1.25 : 0.5;
    const strength = look === "dim" ? DIM : 1;
    const [inner, outer] = [radius * this.ratio, rim * this.ratio];
    const stamp = stampOf(modality, inner, outer, colour, palette.page, strength);
    this.stamps.set(name, stamp);
    return stamp;
  }

  /**
   * @private
   * @param {Scene} scene
   * @param {number} i
   * @param {CanvasImageSource} image
   * @param {number} ratio its width by its height
   */
  picture(scene, i, image, ratio) {
    const [x, y] = this.place(scene, i);
    const width = ratio > 1 ? PICTURE : PICTURE * ratio;
    const height = ratio > 1 ? PICTURE / ratio : PICTURE;
    const { context } = this;
    context.drawImage(image, x - width / 2, y - height / 2, width, height);
    context.strokeStyle = toCss(scene.palette.image);
    context.lineWidth = scene.lit ? 3 : 1.5;
    context.strokeRect(x - width / 2, y - height / 2, width, height);
  }

  /**
   * @private
   * @param {Scene} scene
   * @param {number} radius
   */
  ring(scene, radius) {
    const [x, y] = this.place(scene, scene.cursor);
    const { context } = this;
    for (const [width, colour] of /** @type {const} */ ([
      [6, scene.palette.page],
      [2.5, scene.palette.ink],
    ])) {
      context.beginPath();
      context.arc(x, y, radius * 1.6 + 6, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = toCss(colour);
      context.stroke();
    }
  }
}

/**
 * What is seen of the map, and a little around it.
 *
 * @param {{ view: View, size: Size }} scene
 */
export function boxOf({ view, size }) {
  const rim = PICTURE / 2;
  const from = toMap(view, size, { x: -rim, y: -rim });
  const to = toMap(view, size, { x: size.width + rim, y: size.height + rim });
  return { left: from.x, top: from.y, right: to.x, bottom: to.y };
}

/**
 * Few points are large; all grow as one comes nearer.
 *
 * @param {Scene} scene
 */
function radiusOf({ points, view }) {
  const alone = Math.min(Math.max(7 - Math.log10(points.length + 1) * 1.25, 1.8), 5);
  return Math.round(Math.min(alone + Math.log2(view.zoom) * 0.7, 7) * 2) / 2;
}

/** @param {Colour} colour */
const toCss = (colour) => `rgb(${colour.join(" ")})`;
