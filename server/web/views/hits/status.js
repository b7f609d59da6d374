/** What there is to say of the hits as a whole. */

import { asksNothing } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { collectionOf } from "../asking/narrow.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function statusView(state, actions) {
  const { results } = state;
  const isByChance = results.noMatch && results.status === "done" && results.hits.length > 0;
  return html`
    <div class="status">
      <div class="told" role="status">
        <p class="count">${statusText(state)}</p>
        ${state.showsFacts && results.tookMs !== null ? html`<p>${words.hits.took(results.tookMs)}</p>` : nothing}
        ${isByChance ? html`<p class="no-match">${words.hits.noMatch}</p>` : nothing}
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
 * What the hits are, and how many; while others are sought, of those that are still there.
 * @param {State} state
 */
function statusText(state) {
  const { query, results } = state;
  const { status, hits, nextCursor } = results;
  if (hits.length > 0) {
    return asksNothing(query)
      ? listText(state)
      : words.hits.count(hits.length, nextCursor === null);
  }
  if (status === "loading") return words.hits.loading;
  if (status !== "done") return "";
  return collectionOf(state)?.items === 0 ? words.hits.empty : words.hits.none;
}

/** @param {State} state */
function listText(state) {
  const { modalities, kinds, where } = state.query;
  const isNarrowed = modalities.length + kinds.length + Object.keys(where).length > 0;
  return words.hits.all(isNarrowed ? null : (collectionOf(state)?.items ?? null));
}
