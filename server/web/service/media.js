/** Pictures and sounds of items as addresses that elements can show. */

import { itemPath, request, storedKey, uploadPath } from "./api.js";

/** The sides that the service makes thumbnails of. */
const SIDES = [160, 320, 640, 1280, 2048];

/** @type {Map<string, number>} width over height by collection and id */
const shapes = new Map();

/**
 * @param {string | null} collection
 * @param {string} id
 */
const shapeKey = (collection, id) => `${collection ?? ""}/${id}`;

export const media = {
  /**
   * The smallest thumbnail's side that looks sharp at so many pixels.
   * @param {number} pixels
   */
  side: (pixels) => SIDES.find((side) => side >= pixels * 0.85) ?? 2048,

  /**
   * @param {string | null} collection
   * @param {string} id
   * @param {Record<string, string | number | null | undefined>} [params]
   */
  path: (collection, id, params = {}) => itemPath(collection, id, "media", params),

  /**
   * Where an element finds a picture or sound: its path, or a copy of it where only a request with
   * a key can bring it.
   * @param {string | null} collection
   * @param {string} id
   * @param {Record<string, string | number | null | undefined>} [params]
   * @returns {Promise<string>}
   */
  async address(collection, id, params = {}) {
    const path = media.path(collection, id, params);
    if (!media.hasKey()) return path;
    const response = await request(path);
    return URL.createObjectURL(await response.blob());
  },

  uploadPath,
  hasKey: () => storedKey() !== null,

  /**
   * Width over height of an item's picture, if it is known.
   * @param {string | null} collection
   * @param {string} id
   */
  shape: (collection, id) => shapes.get(shapeKey(collection, id)),
};
