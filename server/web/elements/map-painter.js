/**
 * Draws the points of a map on a canvas, crisp on dense screens.
 *
 * Each modality has a colour and a shape. The shapes are drawn once, on small canvases, and copied:
 * 20,000 copies are a few milliseconds.
 */

import { sideOf, toMap } from "../state/map-view.js";

/**
 * @import { MapPoints } from "../state/map-points.js"
 * @import { Size, View } from "../state/map-view.js"
 * @import { Palette } from "./map-palette.js"
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
const DIM = 0.22;
const BEST = 10; // hits that are larger than the others

/** @type {Record<string, (path: Path2D, middle: number, radius: number) => void>} */
const SHAPES = {
  image: (path, m, r) => path.arc(m, m, r, 0, 2 * Math.PI),
  audio: (path, m, r) => polygon(path, m, r * 1.25, 3),
  text: (path, m, r) => path.rect(m - r * 0.85, m - r * 0.85, r * 1.7, r * 1.7),
  video: (path, m, r) => polygon(path, m, r * 1.2, 4),
  document: (path, m, r) => polygon(path, m, r * 1.1, 6),
};

export class MapPainter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @private */
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** @private @type {Map<string, HTMLCanvasElement>} */
    this.stamps = new Map();
    /** @private */
    this.stampsOf = "";
    /** @private */
    this.ratio = 1;
  }

  /**
   * @param {Scene} scene
   */
  paint(scene) {
    this.fit(scene.size);
    this.renew(scene.palette);
    const { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const seen = scene.points.inside(boxOf(scene));
    const radius = radiusOf(scene);
    context.globalAlpha = scene.lit ? DIM : 1;
    for (const i of seen) this.stamp(scene, i, radius, "plain");
    context.globalAlpha = 1;
    if (scene.lit) this.paintLit(scene, scene.lit, radius);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    for (const { i, image, ratio } of scene.pictures) this.picture(scene, i, image, ratio);
    if (scene.cursor >= 0) this.ring(scene, radius);
  }

  /**
   * The worst first, so that the best are on top.
   *
   * @private
   * @param {Scene} scene
   * @param {readonly number[]} lit
   * @param {number} radius
   */
  paintLit(scene, lit, radius) {
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
    this.ratio = Math.min(globalThis.devicePixelRatio || 1, 3);
    const [width, height] = [size.width, size.height].map((side) => Math.round(side * this.ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
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
   * @param {number} radius
   * @param {"plain" | "lit"} look
   */
  stamp(scene, i, radius, look) {
    const modality = scene.modalities[scene.modality[i]];
    if (scene.hidden.has(modality)) return;
    const stamp = this.stampOf(scene.palette, modality, radius, look);
    const [x, y] = place(scene, i);
    const half = stamp.width / 2;
    this.context.drawImage(
      stamp,
      Math.round(x * this.ratio - half),
      Math.round(y * this.ratio - half),
    );
  }

  /**
   * @private
   * @param {Palette} palette
   * @param {string} modality
   * @param {number} radius
   * @param {"plain" | "lit"} look
   * @returns {HTMLCanvasElement}
   */
  stampOf(palette, modality, radius, look) {
    const name = `${modality} ${radius.toFixed(1)} ${look}`;
    const known = this.stamps.get(name);
    if (known) return known;
    const scaled = radius * this.ratio;
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = 2 * Math.ceil(scaled * 1.3 + 2 * this.ratio);
    const path = new Path2D();
    (SHAPES[modality] ?? SHAPES.image)(path, stamp.width / 2, scaled);
    const context = /** @type {CanvasRenderingContext2D} */ (stamp.getContext("2d"));
    context.lineJoin = "round";
    context.lineWidth = (look === "lit" ? 2.5 : 1) * this.ratio;
    context.strokeStyle = palette.page;
    context.stroke(path);
    context.fillStyle = palette[modality] ?? palette.ink;
    context.fill(path);
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
    const [x, y] = place(scene, i);
    const width = ratio > 1 ? PICTURE : PICTURE * ratio;
    const height = ratio > 1 ? PICTURE / ratio : PICTURE;
    const { context } = this;
    context.drawImage(image, x - width / 2, y - height / 2, width, height);
    context.strokeStyle = scene.palette.image;
    context.lineWidth = scene.lit ? 3 : 1.5;
    context.strokeRect(x - width / 2, y - height / 2, width, height);
  }

  /**
   * @private
   * @param {Scene} scene
   * @param {number} radius
   */
  ring(scene, radius) {
    const [x, y] = place(scene, scene.cursor);
    const { context } = this;
    for (const [width, colour] of /** @type {const} */ ([
      [6, scene.palette.page],
      [2.5, scene.palette.ink],
    ])) {
      context.beginPath();
      context.arc(x, y, radius * 1.6 + 6, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = colour;
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

/**
 * @param {Scene} scene
 * @param {number} i
 * @returns {[number, number]} in pixels of CSS
 */
function place({ points, view, size }, i) {
  const side = sideOf(view, size);
  return [
    size.width / 2 + (points.x[i] - view.x) * side,
    size.height / 2 + (points.y[i] - view.y) * side,
  ];
}

/**
 * @param {Path2D} path
 * @param {number} middle
 * @param {number} radius
 * @param {number} corners the first of which is at the top
 */
function polygon(path, middle, radius, corners) {
  for (let i = 0; i < corners; i++) {
    const angle = (2 * Math.PI * i) / corners - Math.PI / 2;
    const [x, y] = [middle + radius * Math.cos(angle), middle + radius * Math.sin(angle)];
    if (i === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  }
  path.closePath();
}
