/** Remembering what was asked, on this machine. */

import { CLOCK } from "../clock.js";
import { asksNothing, changed, fromUrl, toUrl } from "../query.js";
import {
  isHistoryOn,
  labelOf,
  readHistory,
  remember,
  turnHistory,
  writeHistory,
} from "./history.js";

/**
 * @import { Entry } from "./history.js"
 * @import { Clock } from "../clock.js"
 * @import { Service } from "../../service/service.js"
 * @import { State, Store } from "../store.js"
 */

const DWELL = 1500; // milliseconds that hits are looked at before their query counts

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {Clock} [clock]
 */
export function rememberingActions(store, service, clock = CLOCK) {
  /** @type {unknown} */
  let timer;
  /** @type {State["results"] | null} */
  let seen = null;

  store.subscribe(({ results }) => {
    if (results === seen) return;
    seen = results;
    clock.never(timer);
    if (results.status === "done") timer = clock.later(note, DWELL);
  });

  /** Remember the present query. */
  function note() {
    const { query, past, isRemembering, known } = store.get();
    if (!isRemembering || asksNothing(query)) return;
    const search = toUrl(changed(query, { item: null }));
    keep(remember(past, { search, label: labelOf(query, known), at: Date.now() }));
  }

  /** @param {Entry[]} past */
  function keep(past) {
    store.set({ past });
    writeHistory(service.kept, past);
  }

  /** Read what was remembered before. */
  function recall() {
    store.set({ past: readHistory(service.kept), isRemembering: isHistoryOn(service.kept) });
  }

  const forgetPast = () => keep([]);

  /** @param {boolean} isRemembering */
  function rememberPast(isRemembering) {
    turnHistory(service.kept, isRemembering);
    store.set({ isRemembering });
    if (!isRemembering) keep([]);
  }

  /**
   * What an entry asks.
   *
   * @param {Entry} entry
   */
  const queryOf = (entry) => fromUrl(entry.search);

  /** @param {boolean} isSuggesting whether what was asked is shown under the box */
  function suggest(isSuggesting) {
    if (store.get().isSuggesting !== isSuggesting) store.set({ isSuggesting });
  }

  return { suggest, recall, forgetPast, rememberPast, queryOf };
}
