/** What there is to say of the hits as a whole. */

import { asksNothing } from "../state/query.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function statusView({ query, results }, actions) {
  const isAll = results.nextCursor === null;
  return html`
    <div class="status">
      <p class="count" role="status">${statusText(results.status, results.hits.length, isAll, asksNothing(query))}</p>
      ${results.noMatch ? html`<p class="no-match">${words.hits.noMatch}</p>` : nothing}
      ${
        results.error === null
          ? nothing
          : html`<p class="bad">${results.error.message}</p>
            <button type="button" class="plain" @click=${actions.askAgain}>${words.failed.again}</button>`
      }
    </div>
  `;
}

/**
 * @param {string} status
 * @param {number} hits
 * @param {boolean} isAll
 * @param {boolean} isBrowsing
 */
function statusText(status, hits, isAll, isBrowsing) {
  if (status !== "done") return status === "loading" && hits === 0 ? words.hits.loading : "";
  if (hits === 0) return words.hits.none;
  return isBrowsing ? words.hits.all : words.hits.count(hits, isAll);
}
