/** What there is to say of the hits as a whole. */

import { asksNothing } from "../state/query.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";
import { collectionOf } from "./narrow.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function statusView(state, actions) {
  const { results } = state;
  return html`
    <div class="status">
      <div class="told" role="status">
        <p class="count">${statusText(state)}</p>
        ${results.noMatch && results.status === "done" ? html`<p class="no-match">${words.hits.noMatch}</p>` : nothing}
      </div>
      ${
        results.error === null
          ? nothing
          : html`<p class="bad" role="alert">${results.error.message}</p>
            <button type="button" class="plain" @click=${actions.askAgain}>${words.failed.again}</button>`
      }
    </div>
  `;
}

/**
 * What the hits are, and how many.
 * @param {State} state
 */
function statusText({ query, results, collections }) {
  const { status, hits, nextCursor } = results;
  if (status !== "done") return status === "loading" && hits.length === 0 ? words.hits.loading : "";
  const isBrowsing = asksNothing(query);
  if (hits.length > 0) {
    return isBrowsing ? words.hits.all : words.hits.count(hits.length, nextCursor === null);
  }
  const isEmpty = collectionOf({ collections, query })?.items === 0;
  return isEmpty ? words.hits.empty : words.hits.none;
}
