/** The address bar: what is asked stands in it, so that back, reload and shared links work. */

import { fromUrl, toUrl } from "../state/query.js";

/** @import { Query } from "../state/types.js" */

export const address = {
  /** @returns {Query} */
  read: () => fromUrl(location.href),

  /**
   * Writes a query. What is written while somebody types takes the place of what was typed before,
   * and going back leads to what was asked before the typing.
   * @param {Query} query
   * @param {{isPassing?: boolean}} [options] whether a further change is likely to follow at once
   */
  write(query, { isPassing = false } = {}) {
    const wasPassing = history.state?.isPassing === true;
    const url = location.pathname + toUrl(query);
    const isSame = url === location.pathname + location.search;
    if (wasPassing || isSame) history.replaceState({ isPassing }, "", url);
    else history.pushState({ isPassing }, "", url);
  },

  /** @param {(query: Query) => void} listener is told where back and forward lead */
  onReturn(listener) {
    addEventListener("popstate", () => listener(address.read()));
  },
};
