/** Opening items over the page, going from one to the next, and closing them. */

/**
 * @import { Service } from "../../service/service.js"
 * @import { AskOptions } from "../asking/asking.js"
 * @import { Hit, Query } from "../types.js"
 * @import { State, Store } from "../store.js"
 *
 * @typedef {object} Asking
 * @property {(patch: Partial<Query>, options?: AskOptions) => void} ask
 * @property {() => Promise<void>} more
 */

const NEAR_THE_END = 5; // hits

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {Asking} asking
 */
export function steppingActions(store, service, { ask, more }) {
  /** @param {string} id of the item to look at */
  const openItem = (id) => ask({ item: id }, { isOver: true });

  /** Goes back to the hits. */
  function closeItem() {
    service.player.stop();
    if (store.get().query.item === null || service.address.goBack()) return;
    ask({ item: null }, { replaces: true });
  }

  /**
   * Looks at the hit before or after the one that is looked at.
   * @param {1 | -1} direction
   */
  function stepItem(direction) {
    const { results, query } = store.get();
    const at = results.hits.findIndex((hit) => hit.id === query.item);
    const next = results.hits[at + direction];
    if (at < 0 || next === undefined) return;
    store.set({ focus: at + direction });
    ask({ item: next.id }, { replaces: true });
    if (at + direction > results.hits.length - NEAR_THE_END) void more();
  }

  return { openItem, closeItem, stepItem };
}

/**
 * The hit of an item, if it is among those that are there.
 * @param {State} state
 * @param {string | null} id
 * @returns {Hit | undefined}
 */
export function hitOf({ results }, id) {
  return results.hits.find((hit) => hit.id === id);
}
