/** The list of keys. */

import { html } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";
import { dialogView } from "./dialog.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function keysView(state, actions) {
  const changed = (/** @type {Event} */ event) =>
    actions.setKeys(/** @type {HTMLInputElement} */ (event.currentTarget).checked);
  return dialogView(
    {
      name: "keys",
      heading: words.keys.heading,
      closed: actions.closeDialog,
      content: html`
      <label class="check">
        <input type="checkbox" .checked=${state.hasKeys} @change=${changed} />${words.keys.everywhere}
      </label>
      ${words.keys.list.map(
        ({ title, keys }) => html`
          <h3>${title}</h3>
          <dl class="keys-list">
            ${keys.map(([key, does]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`)}
          </dl>
        `,
      )}
    `,
    },
    state,
    actions,
  );
}
