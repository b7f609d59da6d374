/**
 * `<any-map>`: a collection as a picture, each item a point.
 *
 * It is moved by dragging, arrows with Shift, and enlarged by a wheel, two fingers, + and -. Arrows
 * lead from point to point, Enter opens the one that is looked at.
 *
 * Events: `choose` (an item is to be opened; `detail.id`), `look` (another one is looked at, or
 * none; `detail.id`, which may be null, and by the keyboard `detail.near`, the ids around it).
 */

import { MapPoints } from "../state/map/points.js";
import { panned, revealing, sidesOf, toMap, toScreen, WHOLE, zoomed } from "../state/map/view.js";
import { words } from "../words.js";
import { MapCard } from "./map-card.js";
import { listenToHand } from "./map-hand.js";
import { press } from "./map-keys.js";
import { MapPainter } from "./map-painter.js";
import { MapPalette } from "./map-palette.js";
import { MapPictures } from "./map-pictures.js";

/**
 * @import { Direction } from "../state/map/points.js"
 * @import { Point, Size, View } from "../state/map/view.js"
 * @import { Card } from "./map-card.js"
 * @import { Scene } from "./map-painter.js"
 *
 * @typedef {object} MapColumns what the service gives
 * @property {readonly string[]} ids
 * @property {readonly string[]} modalities
 * @property {readonly number[]} modality of each item, as a place among these
 * @property {readonly number[]} x
 * @property {readonly number[]} y
 */

const REACH = 14; // pixels around a pointer in which points are found
const MOST_NEAR = 8; // neighbours that are told of
const STEP = 80; // pixels that a key moves the map

/** @type {MapColumns} */
const NOTHING = { ids: [], modalities: [], modality: [], x: [], y: [] };

export class AnyMap extends HTMLElement {
  constructor() {
    super();
    /** Tells of an item. @type {(id: string) => Promise<Card>} */
    this.describe = (id) => Promise.resolve({ title: id, note: "", thumbnail: null });
    /** Where the small picture of an item is. @type {(id: string) => Promise<string | null>} */
    this.thumbnail = () => Promise.resolve(null);
    /** @private */
    this.columns = NOTHING;
    /** @private */
    this.places = new MapPoints([], []);
    /** @private @type {Map<string, number>} */
    this.placeOf = new Map();
    /** @private @type {readonly string[] | null} */
    this.litIds = null;
    /** @private @type {number[]} */
    this.litPlaces = [];
    /** @private @type {ReadonlySet<number>} */
    this.litSet = new Set();
    /** @private @type {ReadonlySet<string>} */
    this.hiddenNames = new Set();
    /** @private @type {View} */
    this.view = WHOLE;
    /** @private @type {Size} */
    this.size = { width: 1, height: 1 };
    /** @private */
    this.cursor = -1;
    /** @private */
    this.frame = 0;
    /** @private */
    this.palette = new MapPalette(() => this.refresh());
    /** @private */
    this.pictures = new MapPictures(
      (id) => this.thumbnail(id),
      () => this.refresh(),
    );
  }

  /** @param {MapColumns | null} columns */
  set points(columns) {
    if ((columns ?? NOTHING) === this.columns) return;
    this.columns = columns ?? NOTHING;
    this.places = new MapPoints(this.columns.x, this.columns.y);
    this.placeOf = new Map(this.columns.ids.map((id, i) => [id, i]));
    this.view = WHOLE;
    this.light();
    this.lookAt(-1);
  }

  /** The ids of hits, the best first, or null where nothing is asked. @param {readonly string[] | null} ids */
  set lit(ids) {
    if (ids === this.litIds) return;
    this.litIds = ids;
    this.light();
  }

  /** @private */
  light() {
    const places = (this.litIds ?? []).map((id) => this.placeOf.get(id) ?? -1);
    this.litPlaces = places.filter((i) => i >= 0);
    this.litSet = new Set(this.litPlaces);
    this.refresh();
  }

  /** The modalities that are not shown. @param {ReadonlySet<string>} names */
  set without(names) {
    this.hiddenNames = names;
    this.refresh();
  }

  connectedCallback() {
    if (!this.canvas) this.build();
    this.watcher = new ResizeObserver(([entry]) => this.resize(entry.contentRect));
    this.watcher.observe(this);
    this.palette.watch();
  }

  disconnectedCallback() {
    this.watcher?.disconnect();
    this.palette.unwatch();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  /** @private */
  build() {
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", words.map.label);
    this.canvas.setAttribute("aria-description", words.map.keys);
    this.card = new MapCard();
    this.append(this.canvas, this.card.element, this.card.told, ...this.palette.elements);
    this.painter = new MapPainter(this.canvas);
    listenToHand(this.canvas, {
      pan: (right, down) => this.move(panned(this.view, this.size, right, down)),
      zoom: (at, times) => this.move(zoomed(this.view, this.size, at, times)),
      point: (at) => this.lookAt(at ? this.pointUnder(at) : -1),
      tap: (at) => this.choose(this.pointUnder(at)),
    });
    this.canvas.addEventListener("keydown", (event) => press(this, event));
  }

  /** @private @param {DOMRectReadOnly} box */
  resize({ width, height }) {
    this.size = { width: Math.max(width, 1), height: Math.max(height, 1) };
    this.refresh();
  }

  /** @private @param {View} view */
  move(view) {
    this.view = view;
    this.placeCard();
    this.refresh();
  }

  /** Enlarge it in its middle; below 1 it becomes smaller. @param {number} times */
  enlarge(times) {
    const middle = { x: this.size.width / 2, y: this.size.height / 2 };
    this.move(zoomed(this.view, this.size, middle, times));
  }

  /** Show all of it. */
  showWhole() {
    this.move(WHOLE);
  }

  /**
   * Go from what is looked at to the next point ahead.
   *
   * @param {Direction} direction
   */
  go(direction) {
    if (this.cursor < 0) this.goTo(this.nearMiddle());
    else this.goTo(this.places.next(this.cursor, direction, (i) => this.isShown(i)));
  }

  /**
   * Move the map by a step.
   *
   * @param {Direction} direction
   */
  push(direction) {
    const [right, down] = { left: [1, 0], right: [-1, 0], up: [0, 1], down: [0, -1] }[direction];
    this.move(panned(this.view, this.size, right * STEP, down * STEP));
  }

  /**
   * Go to the hit so many places behind the one that is looked at, around the end.
   *
   * @param {number} step
   */
  goToLit(step) {
    const lit = this.litPlaces.filter((i) => this.isShown(i));
    const now = lit.indexOf(this.cursor);
    const from = now < 0 && step > 0 ? -1 : Math.max(now, 0);
    if (lit.length) this.goTo(lit[(from + step + lit.length) % lit.length]);
  }

  /** Open what is looked at. */
  open() {
    this.choose(this.cursor);
  }

  /** Look at nothing. Says whether something was looked at. */
  leave() {
    const looked = this.cursor >= 0;
    this.lookAt(-1);
    return looked;
  }

  /** @private @param {number} i */
  goTo(i) {
    if (i < 0) return;
    this.view = revealing(this.view, this.size, { x: this.places.x[i], y: this.places.y[i] });
    this.lookAt(i, true);
  }

  /** @private @param {number} i */
  isShown(i) {
    return !this.hiddenNames.has(this.columns.modalities[this.columns.modality[i]]);
  }

  /** @private */
  nearMiddle() {
    const found = this.places.around(this.view.x, this.view.y, 2, (i) => this.isShown(i));
    return found[0] ?? -1;
  }

  /** @private @param {Point} pixel */
  pointUnder(pixel) {
    const { x, y } = toMap(this.view, this.size, pixel);
    const { across, down } = sidesOf(this.view, this.size);
    const found = this.places.around(x, y, REACH / Math.min(across, down), (i) => this.isShown(i));
    return found.find((i) => this.litSet.has(i)) ?? found[0] ?? -1;
  }

  /** @private @param {number} i */
  choose(i) {
    if (i < 0) return;
    const detail = { id: this.columns.ids[i] };
    this.dispatchEvent(new CustomEvent("choose", { detail, bubbles: true }));
  }

  /** @private @param {number} i @param {boolean} [aloud] whether it is told to who cannot see it */
  lookAt(i, aloud = false) {
    if (i === this.cursor) return;
    this.cursor = i;
    if (this.canvas) this.canvas.style.cursor = i < 0 ? "" : "pointer";
    this.refresh();
    const id = this.columns.ids[i] ?? null;
    const rank = this.litPlaces.indexOf(i);
    const place = rank < 0 ? "" : words.map.rank(rank + 1, this.litPlaces.length);
    this.card?.show(id === null ? null : this.describe(id), place, aloud);
    this.placeCard();
    const near = aloud ? this.places.near(i, MOST_NEAR, (j) => this.isShown(j)) : [];
    const detail = { id, near: near.map((j) => this.columns.ids[j]) };
    this.dispatchEvent(new CustomEvent("look", { detail, bubbles: true }));
  }

  /** @private */
  placeCard() {
    if (this.cursor < 0) return;
    const point = { x: this.places.x[this.cursor], y: this.places.y[this.cursor] };
    this.card?.place(toScreen(this.view, this.size, point), this.size);
  }

  /** Draw it anew in the next frame. */
  refresh() {
    if (!this.isConnected || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  /** @private */
  paint() {
    /** @type {Omit<Scene, "pictures">} */
    const scene = {
      points: this.places,
      modalities: this.columns.modalities,
      modality: this.columns.modality,
      view: this.view,
      size: this.size,
      hidden: this.hiddenNames,
      lit: this.litIds && this.litPlaces,
      cursor: this.cursor,
      palette: this.palette.read(),
    };
    const pictures = this.pictures.inSight(scene, this.columns.ids);
    this.painter?.paint({ ...scene, pictures });
  }
}

customElements.define("any-map", AnyMap);
