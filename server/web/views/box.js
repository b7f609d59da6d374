/** The box that one asks in. */

import { draftOf, withDraft } from "../state/terms.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { html } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function boxView({ query }, actions) {
  const typed = (/** @type {InputEvent} */ event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    actions.ask({ terms: withDraft(query.terms, value) }, { isTyping: true });
  };
  const sent = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    actions.ask({ terms: query.terms });
  };
  return html`
    <form class="box" role="search" aria-label=${words.ask.region} @submit=${sent}>
      <input
        id="words"
        class="words"
        type="search"
        enterkeyhint="search"
        autocomplete="off"
        spellcheck="false"
        aria-label=${words.ask.label}
        placeholder=${words.ask.placeholder}
        .value=${live(draftOf(query.terms))}
        @input=${typed}
      />
    </form>
  `;
}
