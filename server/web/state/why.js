/** Why a hit was found: what the service explains of it. */

import { failure } from "./pages.js";
import { toSearch } from "./query.js";

/**
 * @import { Service } from "../service/service.js"
 * @import { State, Store } from "./store.js"
 * @import { Place, Scores } from "./types.js"
 *
 * @typedef {object} Chance
 * @property {{ mean: number, deviation: number }} raw of unrelated segments, as cosines
 * @property {readonly number[]} values
 * @property {readonly number[]} shares of chance pairs that reach them
 * @property {readonly number[]} sample scores of the query with unrelated segments
 *
 * @typedef {{ index: number, weight: number, cosine: number | null, share: number }} TermShare
 * @typedef {{ score: number, found: readonly string[] }} FoundWords
 * @typedef {{ id: string, chance: Chance | null, terms: readonly TermShare[], words: FoundWords | null }
 *   & Place & Scores} Explanation
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
    const { query } = store.get();
    /** @type {Why} */
    const why = { id, status: "loading", explanation: null, error: null };
    store.set({ why });
    const settle = (/** @type {Partial<Why>} */ patch) => {
      if (store.get().why === why) store.set({ why: { ...why, ...patch } });
    };
    try {
      const explanation = await service.api.explain(query.collection, { ...toSearch(query), id });
      settle({ status: "done", explanation });
    } catch (error) {
      settle({ status: "failed", error: failure(error).message });
    }
  }

  return { explain };
}
