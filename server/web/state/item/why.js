/** Why a hit was found: what the service explains of it. */

import { failure, SIZE } from "../asking/pages.js";
import { toSearch } from "../query.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { State, Store } from "../store.js"
 * @import { Place, Scores } from "../types.js"
 *
 * @typedef {object} Chance
 * @property {{ mean: number, deviation: number }} raw of unrelated segments, as cosines
 * @property {readonly number[]} sample scores of the query with unrelated segments
 *
 * @typedef {{ index: number, weight: number, cosine: number | null, share: number }} TermShare
 * @typedef {{ score: number, found: readonly string[], in_name: boolean }} FoundWords
 * @typedef {{ vector: number, copy: number, words: number }} Parts of a score
 *
 * @typedef {object} Explained
 * @property {string} id
 * @property {Parts} parts
 * @property {number | null} cosine
 * @property {Chance | null} chance null without vectors
 * @property {readonly TermShare[]} terms
 * @property {FoundWords | null} words null if none found it
 *
 * @typedef {Explained & Place & Scores} Explanation
 *
 * @typedef {object} Why
 * @property {string} id of the item
 * @property {"loading" | "done" | "failed"} status
 * @property {Explanation | null} explanation
 * @property {string | null} error
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 */
export function whyActions(store, service) {
  /**
   * Bring what explains a hit of the present query.
   *
   * @param {string} id
   */
  async function explain(id) {
    const { query, results } = store.get();
    /** @type {Why} */
    const why = { id, status: "loading", explanation: null, error: null };
    store.set({ why });
    const settle = (/** @type {Partial<Why>} */ patch) => {
      if (store.get().why === why) store.set({ why: { ...why, ...patch } });
    };
    try {
      const search = { ...toSearch(query), k: SIZE, id, state: results.state ?? undefined };
      const explanation = await service.api.explain(query.collection, search);
      settle({ status: "done", explanation });
    } catch (error) {
      settle({ status: "failed", error: failure(error).message });
    }
  }

  /**
   * Explain a hit over the page.
   *
   * @param {string} id
   */
  function openWhy(id) {
    store.set({ dialog: "why" });
    void explain(id);
  }

  return { explain, openWhy };
}
