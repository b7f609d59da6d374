/** What was asked before, with its hits, so that going back to it is at once. */

import { changed, toUrl } from "../query.js";

/** @import { Query, Results } from "../types.js" */

const MOST = 12;

/** @typedef {{results: Results, top: number}} Kept top: where the page was scrolled to */

export function createKeptResults() {
  /** @type {Map<string, Kept>} */
  const kept = new Map();
  return {
    /** @param {Query} query */
    get: (query) => kept.get(keyOf(query)),
    clear: () => kept.clear(),

    /**
     * Keeps results that are there; the oldest of too many go.
     * @param {Query} query
     * @param {Kept} one
     */
    keep(query, { results, top }) {
      if (results.status !== "done") return;
      const key = keyOf(query);
      kept.delete(key);
      kept.set(key, { results: { ...results, isGrowing: false }, top });
      const [oldest] = kept.keys();
      if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    },
  };
}

/** @param {Query} query */
const keyOf = (query) => toUrl(changed(query, { item: null, view: "grid" }));
