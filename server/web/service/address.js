/** The address bar: what is asked stands in it, so that back, reload and shared links work. */

import { fromUrl, toUrl } from "../state/query.js";

/** @import { Query } from "../state/types.js" */

export const address = {
  /** @returns {Query} */
  read: () => fromUrl(location.href),

  /**
   * Writes a query, as a step that going back undoes.
   * @param {Query} query
   * @param {object} [options]
   * @param {boolean} [options.isPassing] whether a further change is likely to follow, which then
   *   takes its place, so that going back leads to what was asked before the typing
   * @param {boolean} [options.replaces] it is no step of its own
   * @param {boolean} [options.isOver] it lies over what was shown, and is closed by going back
   */
  write(query, { isPassing = false, replaces = false, isOver = false } = {}) {
    const { isPassing: wasPassing = false, isOver: wasOver = false } = history.state ?? {};
    const url = location.pathname + toUrl(query);
    const isSame = url === location.pathname + location.search;
    const state = { isPassing, isOver: isOver || (replaces && wasOver) };
    if ((wasPassing && isPassing) || replaces || isSame) history.replaceState(state, "", url);
    else history.pushState(state, "", url);
  },

  /** Goes back, if that closes what lies over the page; tells whether it does. */
  goBack() {
    const { isOver = false } = history.state ?? {};
    if (isOver) history.back();
    return isOver;
  },

  /** @param {(query: Query) => void} listener is told where back and forward lead */
  onReturn(listener) {
    addEventListener("popstate", () => listener(address.read()));
  },
};
