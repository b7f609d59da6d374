/**
 * Removing items, which can be undone for a while: they vanish at once, and the service is told when
 * the time is up, or when the page is left.
 */

import { words } from "../../words.js";
import { failure } from "../asking/pages.js";
import { CLOCK } from "../clock.js";
import { withNotice, withoutNotice } from "../notices.js";

/**
 * @import { Clock } from "../clock.js"
 * @import { Service } from "../../service/service.js"
 * @import { Notice } from "../notices.js"
 * @import { State, Store } from "../store.js"
 * @import { Hit } from "../types.js"
 *
 * @typedef {object} Removal
 * @property {string} id of its notice
 * @property {string | null} collection
 * @property {readonly { hit: Hit, place: number }[]} removed with their places among the hits
 * @property {readonly string[]} ids
 * @property {unknown} timer
 */

export const SECONDS = 10;

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {Clock} [clock]
 */
export function removingActions(store, service, clock = CLOCK) {
  /** @type {Map<string, Removal>} */
  const pending = new Map();
  let number = 0;

  // Hits that come meanwhile may hold what is being removed.
  store.subscribe((state) => {
    const hits = kept(state, [...pending.values()]);
    if (hits !== state.results.hits) store.set({ results: { ...state.results, hits } });
  });

  /**
   * @param {readonly string[]} ids
   */
  function remove(ids) {
    const id = `removal-${++number}`;
    const timer = clock.later(() => void finish(id), SECONDS * 1000);
    const removal = removalOf(store.get(), id, ids, timer);
    pending.set(id, removal);
    const action = { label: words.remove.undo, run: () => undo(id) };
    const selection = new Set([...store.get().selection].filter((one) => !ids.includes(one)));
    store.set({ selection });
    tell({ id, tone: "info", text: words.remove.done(removal.ids.length), action });
  }

  /** @param {string} [id] of a removal; the last that can be undone, if none is named */
  function undo(id = [...pending.keys()].at(-1) ?? "") {
    const removal = pending.get(id);
    if (!removal) return;
    clock.never(removal.timer);
    pending.delete(id);
    putBack(removal);
    tell(null, id);
  }

  /** @param {Removal} removal */
  function putBack({ removed, collection }) {
    const { results, query } = store.get();
    if (collection !== query.collection) return;
    store.set({ results: { ...results, hits: withHits(results.hits, removed) } });
  }

  /**
   * @param {Notice | null} notice null: there is nothing more to tell
   * @param {string} [id]
   */
  function tell(notice, id = notice?.id ?? "") {
    const { notices } = store.get();
    store.set({ notices: notice ? withNotice(notices, notice) : withoutNotice(notices, id) });
  }

  /** @param {string} id */
  async function finish(id) {
    const removal = pending.get(id);
    if (!removal) return;
    try {
      await service.changes.remove(removal.collection, removal.ids);
      pending.delete(id);
      tell(null, id);
    } catch (error) {
      pending.delete(id);
      putBack(removal);
      tell({ id, tone: "error", text: words.remove.failed(failure(error).message) });
    }
  }

  /** Tell the service at once, as the page is being left. */
  function finishRemovals() {
    for (const { id, collection, ids, timer } of pending.values()) {
      clock.never(timer);
      pending.delete(id);
      service.changes.removeInParting(collection, ids);
    }
  }

  return { remove, undo, finishRemovals };
}

/**
 * @param {State} state
 * @param {string} id
 * @param {readonly string[]} ids
 * @param {unknown} timer
 * @returns {Removal}
 */
function removalOf({ results, query }, id, ids, timer) {
  const removed = results.hits
    .map((hit, place) => ({ hit, place }))
    .filter(({ hit }) => ids.includes(hit.id));
  return { id, collection: query.collection, removed, ids: [...new Set(ids)], timer };
}

/**
 * The hits without those that are being removed: the same list where there are none.
 *
 * @param {State} state
 * @param {readonly Removal[]} removals
 */
function kept({ results, query }, removals) {
  const mine = removals.filter(({ collection }) => collection === query.collection);
  const gone = new Set(mine.flatMap(({ ids }) => ids));
  const isGone = results.hits.some((hit) => gone.has(hit.id));
  return isGone ? results.hits.filter((hit) => !gone.has(hit.id)) : results.hits;
}

/**
 * Hits with those that were removed at their places again, unless they are there.
 *
 * @param {readonly Hit[]} hits
 * @param {readonly { hit: Hit, place: number }[]} removed in the order of their places
 * @returns {Hit[]}
 */
export function withHits(hits, removed) {
  const all = [...hits];
  const known = new Set(hits.map((hit) => hit.id));
  for (const { hit, place } of removed) if (!known.has(hit.id)) all.splice(place, 0, hit);
  return all;
}
