/** Requests to the service: with the key, again where it is busy, and what went wrong in words. */

import { words } from "../words.js";

/** @import { Failure } from "../state/types.js" */

const KEY = "anysense.key";
const LONGEST_WAIT = 60; // seconds, in which a busy service is asked again

/**
 * An answer of the service that is no success, or none at all.
 * @implements {Failure}
 */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {string} code
   * @param {number} status 0: nobody answered
   * @param {number | null} [retryAfter] seconds after which the service says to try again
   */
  constructor(message, code, status, retryAfter = null) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
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
 * @typedef {{method?: string, json?: unknown, form?: FormData, signal?: AbortSignal, keepalive?: boolean}} Options
 */

/**
 * One request. While the service has no time for it, and says when it will have, it is sent again.
 * @param {string} path from `v1/` on
 * @param {Options} [options]
 * @returns {Promise<Response>}
 * @throws {ApiError} the answer is no success, or there is none
 */
export async function request(path, options = {}) {
  for (let waited = 0; ; ) {
    try {
      return await requestOnce(path, options);
    } catch (error) {
      const seconds = error instanceof ApiError ? error.retryAfter : null;
      if (seconds === null || waited + seconds > LONGEST_WAIT || options.keepalive) throw error;
      waited += Math.max(seconds, 1);
      await pause(Math.max(seconds, 1), options.signal);
    }
  }
}

/**
 * @param {number} seconds
 * @param {AbortSignal} [signal] ends it early
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/**
 * @param {string} path
 * @param {Options} options
 */
async function requestOnce(path, { method, json, form, signal, keepalive }) {
  const key = storedKey();
  /** @type {Record<string, string>} */
  const headers = {};
  if (key !== null) headers.Authorization = `Bearer ${key}`;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const body = json === undefined ? form : JSON.stringify(json);
  const sends = method ?? (body === undefined ? "GET" : "POST");
  let response;
  try {
    const credentials = "omit";
    response = await fetch(path, { method: sends, headers, body, signal, credentials, keepalive });
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
  const retryAfter = retryAfterOf(response.status, response.headers.get("Retry-After"));
  return new ApiError(message, code, response.status, retryAfter);
}

/**
 * For how many seconds to wait, if the service says that trying again is of use.
 * @param {number} status
 * @param {string | null} header
 */
export function retryAfterOf(status, header) {
  const isBusy = status === 429 || status === 503;
  return isBusy && header !== null && /^\d+$/.test(header) ? Number(header) : null;
}
