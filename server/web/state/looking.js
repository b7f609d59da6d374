/** What the page tells people, and what it has to know at its beginning. */

import { failure } from "./asking/pages.js";
import { isClosed } from "./entering.js";
import { withNotice, withoutNotice } from "./notices.js";

/**
 * @import { Notice } from "./notices.js"
 * @import { Service } from "../service/service.js"
 * @import { State, Store } from "./store.js"
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {{follow: (query: State["query"]) => void}} asking
 */
export function lookingActions(store, service, { follow }) {
  /**
   * Tells of something for a while.
   * @param {Notice} notice
   * @param {number} [seconds]
   */
  function notify(notice, seconds = 8) {
    store.set({ notices: withNotice(store.get().notices, notice) });
    setTimeout(() => dismiss(notice.id), seconds * 1000);
  }

  /** @param {string} id of a notice */
  function dismiss(id) {
    store.set({ notices: withoutNotice(store.get().notices, id) });
  }

  /**
   * Brings what the page needs to know of the service once, and then what its address asks. Where a
   * key has to be given first, nothing is asked that would be refused.
   */
  async function begin() {
    const { api } = service;
    try {
      const access = await api.access();
      store.set({ access });
      if (isClosed(access)) return;
      follow(store.get().query);
      const { collections } = await api.collections();
      store.set({ collections });
    } catch (error) {
      notify({ id: "begin", tone: "error", text: failure(error).message });
    }
  }

  return { notify, dismiss, begin };
}
