/** Where a key is entered. */

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
export function entryView({ entry }, actions) {
  const sent = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    void actions.enter(String(new FormData(form).get("key") ?? ""));
  };
  return html`
    <form class="entry" aria-labelledby="entry-heading" @submit=${sent}>
      <h2 id="entry-heading">${words.key.heading}</h2>
      <p class="soft">${words.key.text}</p>
      <label for="key">${words.key.label}</label>
      <div class="entry-line">
        <input
          id="key"
          name="key"
          type="password"
          autocomplete="current-password"
          required
          aria-describedby="entry-told"
          aria-invalid=${entry.error !== null}
        />
        <button type="submit" class="button main" ?disabled=${entry.isTrying}>${words.key.enter}</button>
      </div>
      <p id="entry-told" role="alert" class=${entry.error === null ? "soft" : "bad"}>
        ${entry.error ?? words.key.kept}
      </p>

    </form>
  `;
}
