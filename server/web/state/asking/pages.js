/** Pages of hits: of a search, or, where nothing is asked, of all items. */

import { asksNothing, toSearch } from "../query.js";
import { filterText } from "./filter-text.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Failure, Hit, Query } from "../types.js"
 *
 * @typedef {{hits: Hit[], state: string | null, nextCursor: string | null, noMatch: boolean, tookMs: number | null}} Page
 */

export const SIZE = 60;
const LATER = 200; // items of a further page of all of them

/**
 * @param {Service["api"]} api
 * @param {Query} query
 * @param {string | null} cursor of the page before
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page>}
 */
export async function fetchPage(api, query, cursor, signal) {
  if (asksNothing(query)) {
    const where = filterText(query);
    const asked = {
      limit: cursor === null ? SIZE : LATER,
      order: "-added",
      where: where || null,
      cursor,
    };
    const { items, next_cursor } = await api.items(query.collection, asked, signal);
    return { hits: items, state: null, nextCursor: next_cursor, noMatch: false, tookMs: null };
  }
  const body = { ...toSearch(query), k: SIZE, ...(cursor !== null && { cursor }) };
  const answer = await api.search(query.collection, body, signal);
  return {
    hits: answer.hits,
    state: answer.state,
    nextCursor: answer.next_cursor,
    noMatch: answer.no_match,
    tookMs: answer.took_ms,
  };
}

/**
 * An error as the state keeps it.
 * @param {unknown} error
 * @returns {Failure}
 */
export function failure(error) {
  const { message, code = "unknown", status = 0 } = /** @type {Failure} */ (error);
  return { message, code, status };
}
