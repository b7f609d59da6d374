/**
 * Messages that pass. While a dialog is open they are inside of it, as nothing around it can be
 * reached then.
 */

import { repeat } from "../vendor/lit-html/directives/repeat.js";
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
export function noticesView({ notices }, { dismiss }) {
  return html`
    <div class="notices" role="status" aria-live="polite">
      ${repeat(
        notices,
        (notice) => notice.id,
        ({ id, text, tone, action }) => html`
          <div class="notice ${tone}">
            <span>${text}</span>
            ${
              action
                ? html`<button type="button" class="plain strong" @click=${action.run}>${action.label}</button>`
                : nothing
            }
            <button type="button" class="plain" @click=${() => dismiss(id)}>${words.close}</button>
          </div>
        `,
      )}
    </div>
  `;
}
