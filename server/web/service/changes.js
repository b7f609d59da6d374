/** Changes of a collection: items that are added, and removed. */

import { words } from "../words.js";
import { base } from "./api.js";
import { ApiError, request, retryAfterOf, storedKey } from "./request.js";

const LONGEST_PARTING = 500; // ids in a request that outlives the page, which may be of 64 KiB

export const changes = {
  /**
   * Add a file. Unlike `fetch`, this tells how much of it has been sent.
   *
   * @param {string | null} collection
   * @param {File} file
   * @param {(share: number) => void} sent
   * @returns {Promise<{ id: string, isNew: boolean }>}
   * @throws {ApiError} the file was refused, or nobody answered
   */
  add(collection, file, sent) {
    return new Promise((resolve, reject) => {
      const sending = new XMLHttpRequest();
      sending.open("POST", `${base(collection)}/items`);
      sending.responseType = "json";
      const key = storedKey();
      if (key !== null) sending.setRequestHeader("Authorization", `Bearer ${key}`);
      sending.upload.onprogress = ({ loaded, total }) => sent(total ? loaded / total : 0);
      sending.upload.onload = () => sent(1);
      sending.onload = () => {
        const { status, response } = sending;
        if (status === 200 || status === 201) resolve({ id: response.id, isNew: status === 201 });
        else reject(refusal(sending));
      };
      sending.onerror = () => reject(new ApiError(words.failed.unreachable, "unreachable", 0));
      const form = new FormData();
      form.set("file", file, file.name);
      sending.send(form);
    });
  },

  /**
   * Remove items.
   *
   * @param {string | null} collection
   * @param {readonly string[]} ids
   * @throws {ApiError} they could not be removed
   */
  async remove(collection, ids) {
    for (const part of parts(ids)) await removal(collection, part);
  },

  /**
   * Remove items as the page is left: nobody is there any more to hear how it went.
   *
   * @param {string | null} collection
   * @param {readonly string[]} ids
   */
  removeInParting(collection, ids) {
    for (const part of parts(ids)) removal(collection, part, true).catch(() => undefined);
  },
};

/**
 * @param {string | null} collection
 * @param {readonly string[]} ids
 * @param {boolean} [keepalive]
 */
function removal(collection, ids, keepalive = false) {
  return request(`${base(collection)}/items/batch/delete`, { json: { ids }, keepalive });
}

/** @param {readonly string[]} ids */
function* parts(ids) {
  for (let from = 0; from < ids.length; from += LONGEST_PARTING) {
    yield ids.slice(from, from + LONGEST_PARTING);
  }
}

/** @param {XMLHttpRequest} sending */
function refusal(sending) {
  const { status, response } = sending;
  const { message = words.failed.unknown(status), code = "unknown" } = response?.error ?? {};
  const retryAfter = retryAfterOf(status, sending.getResponseHeader("Retry-After"));
  return new ApiError(message, code, status, retryAfter);
}
