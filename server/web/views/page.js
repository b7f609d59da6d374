/** The whole page, from its parts. */

import { isClosed } from "../state/entering.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";
import { boxView } from "./asking/box.js";
import { dropView } from "./asking/drop.js";
import { narrowView } from "./asking/narrow.js";
import { gridView } from "./hits/grid.js";
import { selectionView } from "./hits/selection.js";
import { statusView } from "./hits/status.js";
import { later } from "./later.js";
import { noticesView } from "./notices.js";
import { toolsView } from "./tools.js";
import { watchView } from "./watch.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

const adding = later(() => import("./adding.js"));
const detail = later(() => import("./item/detail.js"));
const entry = later(() => import("./entry.js"));
const filters = later(() => import("./asking/filters.js"));
const keys = later(() => import("./keys.js"));
const map = later(() => import("./map.js"));
const past = later(() => import("./asking/past.js"));
const why = later(() => import("./item/why.js"));

/** Brings the parts that are likely to be wanted next. */
export async function bringParts() {
  await detail.bring();
  await filters.bring();
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function pageView(state, actions) {
  const isOver = state.query.item !== null;
  return html`
    <a class="skip" href="#hits">${words.skip}</a>
    <header class="top">
      <h1 class="brand">
        <a href="." translate="no"
          ><img class="brand-mark" alt="" src="web/icon.svg" width="22" height="22" />${words.title}</a
        >
      </h1>
      ${boxView(state, actions)} ${toolsView(state, actions)}
    </header>
    <main id="hits" tabindex="-1">
      ${
        isClosed(state.access)
          ? entry.show(({ entryView }) => entryView(state, actions))
          : foundView(state, actions)
      }
    </main>
    ${selectionView(state, actions)} ${dialogOf(state, actions)}
    ${isOver ? detail.show(({ detailView }) => detailView(state, actions)) : nothing}
    ${dropView(state)}
    ${isOver || state.dialog !== null ? nothing : noticesView(state, actions)}
  `;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function foundView(state, actions) {
  return html`
    <h2 class="hidden">${words.hits.heading}</h2>
    ${watchView(state, actions)} ${narrowView(state, actions)}
    ${state.isNarrowing ? filters.show(({ filtersView }) => filtersView(state, actions)) : nothing}
    ${statusView(state, actions)}
    ${
      state.query.view === "map"
        ? map.show(({ mapView }) => mapView(state, actions))
        : gridView(state, actions)
    }
  `;
}

/**
 * What is open over the page.
 * @param {State} state
 * @param {Actions} actions
 */
function dialogOf(state, actions) {
  if (state.dialog === "adding") return adding.show(({ addingView }) => addingView(state, actions));
  if (state.dialog === "history") return past.show(({ pastView }) => pastView(state, actions));
  if (state.dialog === "why") return why.show(({ whyDialogView }) => whyDialogView(state, actions));
  return state.dialog === "keys" ? keys.show(({ keysView }) => keysView(state, actions)) : nothing;
}
