/** Looking: the item that is open, and what the cards that are in sight need beside their hit. */

import { withNotice, withoutNotice } from "./notices.js";
import { failure } from "./pages.js";

/**
 * @import { Notice } from "./notices.js"
 * @import { Service } from "../service/service.js"
 * @import { Query } from "./types.js"
 * @import { State, Store } from "./store.js"
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {{ask: (patch: Partial<Query>) => void}} asking
 */
export function lookingActions(store, service, { ask }) {
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

  /** Brings what the page needs to know of the service once. */
  async function begin() {
    const { api } = service;
    try {
      store.set({ access: await api.access() });
      const { collections } = await api.collections();
      store.set({ collections });
    } catch (error) {
      notify({ id: "begin", tone: "error", text: failure(error).message });
    }
  }

  /** @param {string} id of the item to look at */
  const openItem = (id) => ask({ item: id });
  const closeItem = () => ask({ item: null });

  return { notify, dismiss, begin, openItem, closeItem };
}
