/** The whole page, from its parts. */

import { isClosed } from "../state/entering.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";
import { addingView } from "./adding.js";
import { boxView } from "./box.js";
import { detailView } from "./detail.js";
import { dropView } from "./drop.js";
import { entryView } from "./entry.js";
import { filtersView } from "./filters.js";
import { gridView } from "./grid.js";
import { keysView } from "./keys.js";
import { mapView } from "./map.js";
import { narrowView } from "./narrow.js";
import { noticesView } from "./notices.js";
import { pastView } from "./past.js";
import { selectionView } from "./selection.js";
import { statusView } from "./status.js";
import { toolsView } from "./tools.js";
import { watchView } from "./watch.js";
import { whyDialogView } from "./why.js";

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
      <h1 class="brand"><a href="." translate="no">${words.title}</a></h1>
      ${boxView(state, actions)} ${toolsView(state, actions)}
    </header>
    <main id="hits" tabindex="-1">
      ${isClosed(state.access) ? entryView(state, actions) : foundView(state, actions)}
    </main>
    ${selectionView(state, actions)} ${dialogOf(state, actions)} ${detailView(state, actions)} ${dropView(state)} ${noticesView(state, actions)}
  `;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function foundView(state, actions) {
  return html`
    ${watchView(state, actions)} ${narrowView(state, actions)} ${filtersView(state, actions)}
    ${statusView(state, actions)}
    ${state.query.view === "map" ? mapView(state, actions) : gridView(state, actions)}
  `;
}

/**
 * What is open over the page.
 * @param {State} state
 * @param {Actions} actions
 */
function dialogOf(state, actions) {
  if (state.dialog === "adding") return addingView(state, actions);
  if (state.dialog === "history") return pastView(state, actions);
  if (state.dialog === "why") return whyDialogView(state, actions);
  return state.dialog === "keys" ? keysView(actions) : nothing;
}
