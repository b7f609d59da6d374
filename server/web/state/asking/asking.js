/** Asking: changes of the query, each in the address, and the hits that follow them. */

import { changed, changesHits } from "../query.js";
import { createKeptResults } from "./kept-results.js";
import { searcher } from "./searching.js";
import { withWeight } from "./terms.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Measure } from "./searching.js"
 * @import { Owned, Query } from "../types.js"
 * @import { State, Store } from "../store.js"
 *
 * @typedef {object} AskOptions
 * @property {boolean} [isTyping] whether more is likely to follow at once
 * @property {boolean} [replaces] it is no step that going back undoes
 * @property {boolean} [isOver] it lies over what was shown
 *
 * @typedef {{measure: Measure, forgetPeeks: () => void, remember: (item: Owned) => void}} Attending what looks after the cards
 */

const TYPING_MS = 150;

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {Attending} attending
 */
export function askingActions(store, service, { measure, forgetPeeks, remember }) {
  const { run, more, stop } = searcher(store, service, measure);
  const kept = createKeptResults();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /**
   * Takes a query for the state's; tells whether it finds others.
   * @param {Query} query
   */
  function take(query) {
    const { query: before, results } = store.get();
    const isOther = changesHits(before, query);
    if (isOther) kept.keep(before, { results, top: service.scroll.top() });
    if (before.collection !== query.collection) forgetPeeks();
    store.set({ query });
    return isOther;
  }

  /**
   * Changes what is asked.
   * @param {Partial<Query>} patch
   * @param {AskOptions} [options]
   */
  function ask(patch, { isTyping = false, ...step } = {}) {
    const isOther = take(changed(store.get().query, patch));
    service.address.write(store.get().query, { isPassing: isTyping, ...step });
    if (!isOther) return;
    clearTimeout(timer);
    stop();
    if (isTyping) timer = setTimeout(run, TYPING_MS);
    else void run();
  }

  /**
   * Shows what an address says, as after going back.
   * @param {Query} query
   */
  function follow(query) {
    const isOther = take(query);
    if (!isOther && store.get().results.status !== "idle") return;
    clearTimeout(timer);
    const known = kept.get(query);
    if (known === undefined) {
      void run();
      return;
    }
    stop();
    store.set({ results: known.results, focus: 0 });
    service.scroll.to(known.top);
  }

  /** Asks the same again, as what is there may have changed. */
  function askAgain() {
    kept.clear();
    void run();
  }

  /** @param {Owned} item */
  function askLike(item) {
    remember(item);
    ask({ terms: [{ like: item.id, weight: 1 }], minScore: null, item: null });
  }

  /**
   * Gives a term another weight.
   * @param {number} index
   * @param {(weight: number) => number} change
   * @param {boolean} isPassing whether more changes are likely to follow at once
   */
  function reweigh(index, change, isPassing) {
    const { terms } = store.get().query;
    const weight = change(terms[index]?.weight ?? 1);
    ask({ terms: withWeight(terms, index, weight) }, { isTyping: isPassing });
  }

  return { ask, askLike, reweigh, follow, more, askAgain };
}
