/** What was asked on this machine. */

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { closeAround, dialogView } from "../dialog.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { Entry } from "../../state/asking/history.js"
 * @import { State } from "../../state/store.js"
 */

const time = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function pastView(state, actions) {
  const { past, isRemembering } = state;
  const kept = (/** @type {Event} */ event) =>
    actions.rememberPast(/** @type {HTMLInputElement} */ (event.currentTarget).checked);
  return dialogView(
    {
      name: "past",
      heading: words.past.heading,
      closed: actions.closeDialog,
      content: html`
      <p class="soft">${words.past.note}</p>
      <div class="past-choices">
        <label class="check">
          <input type="checkbox" .checked=${isRemembering} @change=${kept} />${words.past.keep}
        </label>
        ${
          past.length
            ? html`<button type="button" class="plain" @click=${actions.forgetPast}>${words.past.clear}</button>`
            : nothing
        }
      </div>
      ${past.length ? listView(past, actions) : html`<p>${words.past.none}</p>`}
    `,
    },
    state,
    actions,
  );
}

/**
 * @param {readonly Entry[]} past
 * @param {Actions} actions
 */
function listView(past, actions) {
  const asked = (/** @type {Entry} */ entry) => (/** @type {Event} */ event) => {
    closeAround(event);
    actions.ask(actions.queryOf(entry));
  };
  return html`<ol class="past-list">
    ${past.map(
      (entry) => html`<li>
        <button type="button" class="plain" @click=${asked(entry)}>${entry.label}</button>
        <time datetime=${new Date(entry.at).toISOString()}>${time.format(entry.at)}</time>
      </li>`,
    )}
  </ol>`;
}
