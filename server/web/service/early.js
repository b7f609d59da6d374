/** Asks for the first hits while the rest of the page is still on its way. */

import { fetchPage } from "../state/asking/pages.js";
import { toUrl } from "../state/query.js";
import { address } from "./address.js";
import { api } from "./api.js";

/**
 * @import { Page } from "../state/asking/pages.js"
 * @import { Query } from "../state/types.js"
 */

const asked = address.read();
/** @type {Promise<Page> | null} */
let answer = fetchPage(api, asked, null);
// Whoever takes it hears of a failure.
answer.catch(() => undefined);

export const early = {
  /**
   * The first hits of the query that the page was opened with; once, and of no other query.
   * @param {Query} query
   * @returns {Promise<Page> | null}
   */
  take(query) {
    const taken = toUrl(query) === toUrl(asked) ? answer : null;
    answer = null;
    return taken;
  },
};
