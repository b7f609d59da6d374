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
    const { isPassing: wasPassing = false, over: wasOver = 0 } = history.state ?? {};
    const url = location.pathname + toUrl(query);
    const isSame = url === location.pathname + location.search;
    const kept = replaces ? wasOver : 0;
    const state = { isPassing, over: isOver ? wasOver + 1 : kept };
    if ((wasPassing && isPassing) || replaces || isSame) history.replaceState(state, "", url);
    else history.pushState(state, "", url);
  },

  /** Goes back to before anything lay over the page; tells whether something that was opened does. */
  goBack() {
    const { over = 0 } = history.state ?? {};
    if (over > 0) history.go(-over);
    return over > 0;
  },

  /** @param {(query: Query) => void} listener is told where back and forward lead */
  onReturn(listener) {
    addEventListener("popstate", () => listener(address.read()));
  },
};
