/** From the state's query to hits, page after page. */

import { NO_RESULTS } from "../store.js";
import { failure, fetchPage } from "./pages.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Hit, Results } from "../types.js"
 * @import { State, Store } from "../store.js"
 *
 * @callback Measure learns the shapes of pictures
 * @param {readonly Hit[]} hits
 * @param {boolean} isFirst
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {Measure} measure
 */
export function searcher(store, service, measure) {
  let running = new AbortController();

  /** @param {Partial<Results>} patch */
  const setResults = (patch) => store.set({ results: { ...store.get().results, ...patch } });

  /** Ends what runs; its answer is not waited for. */
  function stop() {
    running.abort();
    running = new AbortController();
  }

  /** Searches anew. */
  async function run() {
    stop();
    const { signal } = running;
    setResults({ status: "loading", isGrowing: false });
    try {
      const { query } = store.get();
      const page = await (service.early.take(query) ?? fetchPage(service.api, query, null, signal));
      await measure(page.hits, true, signal);
      if (signal.aborted) return;
      store.set({ results: { ...NO_RESULTS, ...page, status: "done" }, focus: 0 });
      service.scroll.to(0);
    } catch (error) {
      if (!signal.aborted) setResults({ ...NO_RESULTS, status: "failed", error: failure(error) });
    }
  }

  /** Brings the page after those that are there. */
  async function more() {
    const { results, query } = store.get();
    if (results.status !== "done" || results.isGrowing || results.nextCursor === null) return;
    const { signal } = running;
    setResults({ isGrowing: true });
    try {
      const page = await fetchPage(service.api, query, results.nextCursor, signal);
      await measure(page.hits, false, signal);
      if (signal.aborted) return;
      const hits = [...results.hits, ...page.hits];
      setResults({ hits, nextCursor: page.nextCursor, isGrowing: false });
    } catch (error) {
      // What is shown stays: a state that is gone cannot be gone on with.
      if (!signal.aborted) {
        setResults({ isGrowing: false, nextCursor: null, error: failure(error) });
      }
    }
  }

  return { run, more, stop };
}
