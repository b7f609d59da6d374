/** The whole page, from its parts. */

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";
import { boxView } from "./box.js";
import { gridView } from "./grid.js";
import { noticesView } from "./notices.js";
import { statusView } from "./status.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function pageView(state, actions) {
  return html`
    <a class="skip" href="#hits">${words.skip}</a>
    <header class="top">
      <a class="brand" href="." translate="no">${words.title}</a>
      ${boxView(state, actions)}
    </header>
    <main id="hits" tabindex="-1">
      ${statusView(state, actions)}
      ${state.query.view === "map" ? nothing : gridView(state, actions)}
    </main>
    ${noticesView(state, actions)}
  `;
}
