/** Entering a service that needs a key, and leaving it. */

import { words } from "../words.js";
import { failure } from "./asking/pages.js";

/**
 * @import { Service } from "../service/service.js"
 * @import { State, Store } from "./store.js"
 * @import { Access } from "./types.js"
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {() => Promise<unknown>} begin brings what the page needs to know of the service
 */
export function enteringActions(store, service, begin) {
  /**
   * Use a key, if the service takes it.
   *
   * @param {string} key
   */
  async function enter(key) {
    store.set({ entry: { isTrying: true, error: null } });
    service.storeKey(key.trim());
    try {
      const access = await service.api.access();
      if (access.scopes.length === 0) throw new Error(words.key.wrong);
      store.set({ entry: { isTrying: false, error: null }, access });
      await begin();
    } catch (error) {
      service.storeKey(null);
      store.set({ entry: { isTrying: false, error: failure(error).message } });
    }
  }

  /** Forget the key, and what was shown by it. */
  function forgetKey() {
    service.storeKey(null);
    service.screen.reload();
  }

  return { enter, forgetKey };
}

/**
 * Whether a key has to be given first.
 *
 * @param {Access | null} access
 */
export function isClosed(access) {
  return access?.needs_key === true && access.scopes.length === 0;
}

/**
 * Whether items may be added and removed.
 *
 * @param {Access | null} access
 */
export function mayWrite(access) {
  return access?.scopes.includes("write") === true;
}
