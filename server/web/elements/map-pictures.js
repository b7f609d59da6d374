/**
 * The thumbnails that are drawn on a map: few at a time, each fetched once, the oldest forgotten.
 */

import { apart } from "../state/map/points.js";
import { toScreen } from "../state/map/view.js";
import { boxOf, PICTURE } from "./map-painter.js";

/**
 * @import { Scene } from "./map-painter.js"
 *
 * @typedef {{ image: CanvasImageSource, ratio: number }} Picture
 */

const NEAR = 2; // times enlarged, from where on few points may be in sight
const FEW = 350; // points in sight: then their pictures are drawn
const SPACE = 6; // pixels between two pictures
const MOST_DRAWN = 48;
const MOST = 300;
const AT_A_TIME = 4;

export class MapPictures {
  /**
   * @param {(id: string) => Promise<string | null>} address of an item's thumbnail, null for none
   * @param {() => void} arrived told when there is one more
   */
  constructor(address, arrived) {
    /** @private */
    this.address = address;
    /** @private */
    this.arrived = arrived;
    /** @private @type {Map<string, Picture | null>} null: wanted, on its way, or there is none */
    this.pictures = new Map();
    /** @private @type {string[]} */
    this.waiting = [];
    /** @private */
    this.running = 0;
  }

  /**
   * The pictures that are here of what is in sight, where it is little; of hits alone if there are any.
   *
   * @param {Omit<Scene, "pictures">} scene
   * @param {readonly string[]} ids of all points
   */
  inSight(scene, ids) {
    const { points, view, size, modalities, modality, hidden } = scene;
    if (hidden.has("image") || (view.zoom < NEAR && ids.length > FEW)) return [];
    const seen = points.inside(boxOf(scene)).filter((i) => modalities[modality[i]] === "image");
    if (seen.length > FEW) return [];
    const chosen = scene.lit?.filter((i) => seen.includes(i)) ?? seen;
    const places = chosen.map((i) => ({
      i,
      ...toScreen(view, size, { x: points.x[i], y: points.y[i] }),
    }));
    return apart(places, PICTURE + SPACE, MOST_DRAWN).flatMap((i) => {
      const picture = this.get(ids[i]);
      return picture ? [{ i, ...picture }] : [];
    });
  }

  /**
   * The picture of an item if it is here; otherwise it is fetched.
   *
   * @private
   * @param {string} id
   * @returns {Picture | null}
   */
  get(id) {
    const known = this.pictures.get(id);
    if (known !== undefined) return known;
    this.pictures.set(id, null);
    this.waiting.push(id);
    this.fetchNext();
    return null;
  }

  /** @private The newest wish first: it is what is looked at. */
  fetchNext() {
    while (this.running < AT_A_TIME && this.waiting.length) {
      const id = /** @type {string} */ (this.waiting.pop());
      this.running++;
      this.fetch(id).finally(() => {
        this.running--;
        this.fetchNext();
      });
    }
  }

  /**
   * @private
   * @param {string} id
   */
  async fetch(id) {
    const image = new Image();
    try {
      const address = await this.address(id);
      if (address === null) return;
      image.src = address;
      await image.decode();
    } catch {
      return; // It stays a point.
    }
    this.pictures.set(id, { image, ratio: image.naturalWidth / image.naturalHeight });
    if (this.pictures.size > MOST) this.pictures.delete([...this.pictures.keys()][0]);
    this.arrived();
  }
}
