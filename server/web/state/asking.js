/** Asking: from a change of the query to hits, page after page. */

import { filterText } from "./filter-text.js";
import { asksNothing, changed, toSearch } from "./query.js";
import { NO_RESULTS } from "./store.js";

/**
 * @import { Service } from "../service/service.js"
 * @import { Hit, Query } from "./types.js"
 * @import { State, Store } from "./store.js"
 */

const TYPING_MS = 150;
const PAGE = 60;

/** What of a query does not change its hits. */
const LOOKING = /** @type {const} */ (["item", "view"]);

/**
 * @typedef {{hits: Hit[], state: string | null, nextCursor: string | null, noMatch: boolean, tookMs: number | null}} Page
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 */
export function askingActions(store, service) {
  /** @type {AbortController | null} */
  let running = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {Partial<import("./types.js").Results>} patch */
  const setResults = (patch) => store.set({ results: { ...store.get().results, ...patch } });

  /** Asks anew what the state's query says. */
  async function run() {
    clearTimeout(timer);
    running?.abort();
    const asked = new AbortController();
    running = asked;
    setResults({ status: "loading", isGrowing: false });
    try {
      const page = await fetchPage(service, store.get().query, null, asked.signal);
      if (asked.signal.aborted) return;
      store.set({ results: { ...NO_RESULTS, ...page, status: "done" } });
    } catch (error) {
      if (!asked.signal.aborted)
        setResults({ ...NO_RESULTS, status: "failed", error: failure(error) });
    }
  }

  /** Brings the page after those that are there. */
  async function more() {
    const { results, query } = store.get();
    if (results.status !== "done" || results.isGrowing || results.nextCursor === null) return;
    const signal = running?.signal;
    setResults({ isGrowing: true });
    try {
      const page = await fetchPage(service, query, results.nextCursor, signal);
      if (signal?.aborted) return;
      const hits = [...results.hits, ...page.hits];
      setResults({ hits, state: page.state, nextCursor: page.nextCursor, isGrowing: false });
    } catch (error) {
      if (signal?.aborted) return;
      // A state that is gone cannot be gone on with: what is shown stays, and asking again begins anew.
      setResults({ isGrowing: false, nextCursor: null, error: failure(error) });
    }
  }

  /**
   * Changes what is asked.
   * @param {Partial<Query>} patch
   * @param {{isTyping?: boolean}} [options] whether more letters are likely to follow
   */
  function ask(patch, { isTyping = false } = {}) {
    const before = store.get().query;
    const query = changed(before, patch);
    store.set({ query });
    service.address.write(query, { isPassing: isTyping });
    if (!changesHits(before, query) && store.get().results.status !== "idle") return;
    clearTimeout(timer);
    if (isTyping) timer = setTimeout(run, TYPING_MS);
    else void run();
  }

  /**
   * Shows what an address says, as after going back.
   * @param {Query} query
   */
  function follow(query) {
    const before = store.get();
    store.set({ query });
    if (before.results.status === "idle" || changesHits(before.query, query)) void run();
  }

  return { ask, follow, more, askAgain: () => void run() };
}

/**
 * @param {Query} before
 * @param {Query} after
 */
export function changesHits(before, after) {
  const bare = (/** @type {Query} */ query) =>
    JSON.stringify({ ...query, ...Object.fromEntries(LOOKING.map((name) => [name, null])) });
  return bare(before) !== bare(after);
}

/** @param {unknown} error */
export function failure(error) {
  const {
    message,
    code = "unknown",
    status = 0,
  } = /** @type {import("./types.js").Failure} */ (error);
  return { message, code, status };
}

/**
 * A page of hits; with nothing asked, of the collection's items, the newest first.
 * @param {Service} service
 * @param {Query} query
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page>}
 */
async function fetchPage({ api }, query, cursor, signal) {
  if (asksNothing(query)) {
    const where = filterText(query);
    const asked = { limit: PAGE, order: "-added", where: where || null, cursor };
    const { items, next_cursor } = await api.items(query.collection, asked, signal);
    return { hits: items, state: null, nextCursor: next_cursor, noMatch: false, tookMs: null };
  }
  const search = { ...toSearch(query), k: PAGE, ...(cursor !== null && { cursor }) };
  const { hits, state, next_cursor, no_match, took_ms } = await api.search(
    query.collection,
    search,
    signal,
  );
  return { hits, state, nextCursor: next_cursor, noMatch: no_match, tookMs: took_ms };
}
