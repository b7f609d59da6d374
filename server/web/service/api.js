/** Asks the service: the one place that knows its addresses. All are relative, as a proxy may put a prefix before them. */

import { request } from "./request.js";

/**
 * @import { CollectionMap } from "../state/map/mapping.js"
 * @import { Access, CollectionFacts, Field, Hit, Item, Modality, Segment } from "../state/types.js"
 * @import { Build, Job } from "../state/changes/watching.js"
 * @import { Explanation } from "../state/item/why.js"
 */

const FACTS = "id,source,kind,metadata,aliases,added_at";

/**
 * The addresses of one collection; null: of the service's first.
 * @param {string | null} name
 */
export function base(name) {
  return name === null ? "v1" : `v1/collections/${encodeURIComponent(name)}`;
}

/**
 * The path of an item, or of what belongs to it.
 * @param {string | null} collection
 * @param {string} id
 * @param {string} [part] such as "media" or "waveform"
 * @param {Record<string, string | number | null | undefined>} [params]
 */
export function itemPath(collection, id, part, params = {}) {
  const path = `${base(collection)}/items/${encodeURIComponent(id)}`;
  return withParams(part === undefined ? path : `${path}/${part}`, params);
}

/**
 * The path of a picture or sound that one searches by.
 * @param {string | null} collection
 * @param {string} id
 * @param {Record<string, string | number | null | undefined>} [params]
 */
export function uploadPath(collection, id, params = {}) {
  return withParams(`${base(collection)}/queries/${encodeURIComponent(id)}`, params);
}

/**
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} params those without a value are left out
 */
function withParams(path, params) {
  const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/**
 * @param {string} path
 * @param {Parameters<typeof request>[1]} [options]
 */
async function answer(path, options) {
  return (await request(path, options)).json();
}

/**
 * @typedef {{hits: Hit[], no_match: boolean, state: string, next_cursor: string | null, took_ms: number}} SearchAnswer
 * @typedef {{items: Hit[], next_cursor: string | null}} ListAnswer
 * @typedef {{id: string, modality: "image" | "audio", name: string, media_type: string, bytes: number}} Upload
 * @typedef {{seconds: number, peaks: number[]}} Curve
 */

export const api = {
  request,
  itemPath,
  uploadPath,

  /** @returns {Promise<Access>} */
  access: () => answer("v1/access"),

  /** @returns {Promise<{collections: CollectionFacts[]}>} */
  collections: () => answer("v1/collections"),

  /**
   * @param {string | null} collection
   * @returns {Promise<{fields: Field[], counted: number, total: number}>}
   */
  fields: (collection) => answer(`${base(collection)}/fields`),

  /**
   * @param {string | null} collection
   * @param {object} search the body
   * @param {AbortSignal} [signal]
   * @returns {Promise<SearchAnswer>}
   */
  search: (collection, search, signal) =>
    answer(`${base(collection)}/search`, { json: search, signal }),

  /**
   * @param {string | null} collection
   * @param {Record<string, string | number | null | undefined>} params
   * @param {AbortSignal} [signal]
   * @returns {Promise<ListAnswer>}
   */
  items: (collection, params, signal) =>
    answer(withParams(`${base(collection)}/items`, params), { signal }),

  /**
   * @param {string | null} collection
   * @param {string} id
   * @param {AbortSignal} [signal]
   * @returns {Promise<Item>}
   */
  item: (collection, id, signal) => answer(itemPath(collection, id), { signal }),

  /**
   * How the text of an item begins.
   * @param {string | null} collection
   * @param {string} id
   * @returns {Promise<Segment | null>}
   */
  async opening(collection, id) {
    const { segments } = await api.passages(collection, id, { offset: 0, limit: 1 });
    return segments[0] ?? null;
  },

  /**
   * Passages of an item, in their order.
   * @param {string | null} collection
   * @param {string} id
   * @param {{at?: number, offset?: number, limit: number}} part around a character, or from the
   *   passage on that has so many before it
   * @returns {Promise<{segments: Segment[], offset: number, total: number}>}
   */
  passages: (collection, id, part) => answer(itemPath(collection, id, "segments", part)),

  /**
   * What is known of an item, without its segments, of which a long text has thousands.
   * @param {string | null} collection
   * @param {string} id
   * @returns {Promise<Omit<Item, "segments">>}
   */
  itemFacts: (collection, id) => answer(itemPath(collection, id, undefined, { fields: FACTS })),

  /**
   * The items of each modality that are most like an item.
   * @param {string | null} collection
   * @param {string} id
   * @param {readonly Modality[]} modalities
   * @param {number} k how many of each
   * @returns {Promise<Partial<Record<Modality, Hit[]>>>}
   */
  async neighbours(collection, id, modalities, k) {
    const searches = modalities.map((modality) => ({ like: id, modalities: [modality], k }));
    /** @type {{results: {hits?: Hit[]}[]}} */
    const { results } = await answer(`${base(collection)}/search/batch`, { json: { searches } });
    return Object.fromEntries(modalities.map((one, at) => [one, results[at]?.hits ?? []]));
  },

  /**
   * @param {string | null} collection
   * @param {string} id
   * @param {number} points
   * @returns {Promise<Curve>}
   */
  waveform: (collection, id, points) => answer(itemPath(collection, id, "waveform", { points })),

  /**
   * @param {string | null} collection
   * @param {string | null} space null: the first
   * @returns {Promise<CollectionMap>}
   */
  map: (collection, space) => answer(withParams(`${base(collection)}/map`, { space })),

  /**
   * @param {string | null} collection
   * @param {object} search the body, with the `id` of an item
   * @returns {Promise<Explanation>}
   */
  explain: (collection, search) => answer(`${base(collection)}/search/explain`, { json: search }),

  /**
   * @param {string | null} collection
   * @returns {Promise<{builds: Build[]}>}
   */
  progress: (collection) => answer(`${base(collection)}/progress`),

  /**
   * @param {string | null} collection
   * @returns {Promise<{jobs: Job[]}>}
   */
  jobs: (collection) => answer(`${base(collection)}/jobs`),

  /**
   * Keeps a picture or sound that one searches by.
   * @param {string | null} collection
   * @param {File} file
   * @returns {Promise<Upload>}
   */
  keepQuery(collection, file) {
    const form = new FormData();
    form.set("file", file, file.name);
    return answer(`${base(collection)}/queries`, { form });
  },
};
