/** Asks the service: the one place that knows its addresses. All are relative, as a proxy may put a prefix before them. */

import { words } from "../words.js";

/** @import { Access, CollectionFacts, Failure, Field, Hit, Item } from "../state/types.js" */

const KEY = "anysense.key";

/**
 * An answer of the service that is no success, or none at all.
 * @implements {Failure}
 */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {string} code
   * @param {number} status 0: nobody answered
   */
  constructor(message, code, status) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

/** @returns {string | null} the key of the service that was entered in this tab */
export function storedKey() {
  return sessionStorage.getItem(KEY);
}

/** @param {string | null} key null: forget it */
export function storeKey(key) {
  if (key === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

/**
 * One request.
 * @param {string} path from `v1/` on
 * @param {{method?: string, json?: unknown, form?: FormData, signal?: AbortSignal}} [options]
 * @returns {Promise<Response>}
 * @throws {ApiError} the answer is no success, or there is none
 */
export async function request(path, { method, json, form, signal } = {}) {
  const key = storedKey();
  /** @type {Record<string, string>} */
  const headers = {};
  if (key !== null) headers.Authorization = `Bearer ${key}`;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const body = json === undefined ? form : JSON.stringify(json);
  const sends = method ?? (body === undefined ? "GET" : "POST");
  let response;
  try {
    response = await fetch(path, { method: sends, headers, body, signal, credentials: "omit" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(words.failed.unreachable, "unreachable", 0);
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

/** @param {Response} response */
async function refusal(response) {
  const said = await response.json().catch(() => null);
  const { message = words.failed.unknown(response.status), code = "unknown" } = said?.error ?? {};
  return new ApiError(message, code, response.status);
}

/**
 * The addresses of one collection; null: of the service's first.
 * @param {string | null} name
 */
function base(name) {
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
   * @param {string | null} collection
   * @param {string} id
   * @param {number} points
   * @returns {Promise<Curve>}
   */
  waveform: (collection, id, points) => answer(itemPath(collection, id, "waveform", { points })),

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
