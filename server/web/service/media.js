/** Pictures and sounds of items as addresses that elements can show. */

import { itemPath, uploadPath } from "./api.js";
import { request, storedKey } from "./request.js";

/** The sides that the service makes thumbnails of. */
const SIDES = [160, 320, 640, 1280, 2048];
/** A thumbnail may be shown a little larger than it is. */
const STRETCH = 0.82;
const MOST_KEPT = 400;

/** @typedef {Record<string, string | number | null | undefined>} Params */

/** @type {Map<string, number>} width over height of pictures, by the path of their file */
const shapes = new Map();
/** @type {Map<string, string | null>} what was fetched with the key, by path; null: on its way, or refused */
const fetched = new Map();
/** @type {() => void} */
let arrived = () => {};

/** @param {number} pixels */
const side = (pixels) => SIDES.find((one) => one >= pixels * STRETCH) ?? 2048;

/**
 * An address for `src`; null while it is on its way. An element cannot send the key, so where the
 * service has one what it shows is fetched and stands in the page.
 * @param {string} path
 */
function source(path) {
  if (storedKey() === null) return path;
  const known = fetched.get(path);
  if (known === undefined) void bring(path);
  return known ?? null;
}

/** @param {string} path */
async function bring(path) {
  if (fetched.has(path)) return;
  fetched.set(path, null);
  const blob = await request(path)
    .then((response) => response.blob())
    .catch(() => null);
  if (blob === null) return;
  fetched.set(path, URL.createObjectURL(blob));
  forgetOldest();
  arrived();
}

function forgetOldest() {
  for (const [path, url] of fetched) {
    if (fetched.size <= MOST_KEPT) return;
    fetched.delete(path);
    if (url !== null) URL.revokeObjectURL(url);
  }
}

/**
 * @param {string | null} collection
 * @param {string} id
 * @param {Params} [params]
 */
const path = (collection, id, params = {}) => itemPath(collection, id, "media", params);

/**
 * Loads a picture to learn its shape.
 * @param {string} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<number | null>} width over height; null if it cannot be shown
 */
function shapeOf(address, signal) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image.naturalWidth / image.naturalHeight || null);
    image.onerror = () => resolve(null);
    signal?.addEventListener("abort", () => {
      image.src = "";
      resolve(null);
    });
    image.src = address;
  });
}

export const media = {
  path,
  side,
  source,
  hasKey: () => storedKey() !== null,

  /**
   * Where an element finds a picture or sound: its path, or a copy of it where only a request with
   * a key can bring it.
   * @param {string | null} collection
   * @param {string} id
   * @param {Params} [params]
   * @returns {Promise<string>}
   */
  async address(collection, id, params = {}) {
    const address = path(collection, id, params);
    if (storedKey() === null) return address;
    const response = await request(address);
    return URL.createObjectURL(await response.blob());
  },

  uploadPath,

  /** @param {() => void} listener is told when something that was on its way is there */
  onArrival(listener) {
    arrived = listener;
  },

  /**
   * A thumbnail for an element of so many pixels along its longer side.
   * @param {string | null} collection
   * @param {string} id
   * @param {number} pixels
   * @param {Params} [part] the page of a document, or the second of a video
   * @returns {{src: string | null, srcset: string | null}}
   */
  thumbnail(collection, id, pixels, part = {}) {
    const at = (/** @type {number} */ density) =>
      path(collection, id, { w: side(pixels * density), ...part });
    if (storedKey() !== null) return { src: source(at(devicePixelRatio)), srcset: null };
    return { src: at(1), srcset: `${at(1)} 1x, ${at(2)} 2x` };
  },

  /**
   * Width over height of an item's picture, once it was loaded.
   * @param {string | null} collection
   * @param {string} id
   */
  shape: (collection, id) => shapes.get(path(collection, id)),

  /**
   * @param {string | null} collection
   * @param {string} id
   * @param {number} aspect
   */
  learn(collection, id, aspect) {
    if (Number.isFinite(aspect) && aspect > 0) shapes.set(path(collection, id), aspect);
  },

  /**
   * Learns the shapes of pictures before they are laid out, so that nothing jumps; not for long.
   * @param {string | null} collection
   * @param {readonly {id: string, part: Params}[]} pictures
   * @param {{pixels: number, patience: number, signal?: AbortSignal}} options patience in milliseconds
   */
  async measure(collection, pictures, { pixels, patience, signal }) {
    const unknown = pictures.filter(({ id }) => !shapes.has(path(collection, id)));
    if (unknown.length === 0) return;
    const density = Math.min(2, Math.ceil(devicePixelRatio));
    const learning = unknown.map(async ({ id, part }) => {
      const address = path(collection, id, { w: side(pixels * density), ...part });
      if (storedKey() !== null) await bring(address);
      const aspect = await shapeOf(source(address) ?? "", signal);
      if (aspect !== null) shapes.set(path(collection, id), aspect);
    });
    const enough = new Promise((resolve) => setTimeout(resolve, patience));
    await Promise.race([Promise.all(learning), enough]);
  },
};
