/** One item over the page: itself, what is known of it, and what is like it. */

import { nameOf } from "../../state/hits/telling.js";
import { hitOf } from "../../state/item/stepping.js";
import { ref } from "../../vendor/lit-html/directives/ref.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { closeAround, show } from "../dialog.js";
import { icon } from "../icons.js";
import { noticesView } from "../notices.js";
import { asideView } from "./detail-aside.js";
import { neighboursView } from "./neighbours.js";
import { stageView } from "./stage.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function detailView(state, actions) {
  const { query, detail } = state;
  if (query.item === null) return nothing;
  const item = detail ?? hitOf(state, query.item);
  return html`
    <dialog
      class="detail"
      aria-labelledby="detail-heading"
      ${ref(show)}
      @close=${actions.closeItem}
      @keydown=${(/** @type {KeyboardEvent} */ event) => detailKey(event, actions)}
    >
      <header class="detail-head">
        ${stepsView(state, actions)}
        <h2 id="detail-heading" tabindex="-1" autofocus>${item === undefined ? "" : nameOf(item)}</h2>
        <button
          type="button"
          class="box-tool"
          title=${words.detail.close}
          aria-label=${words.detail.close}
          @click=${closeAround}
        >
          ${icon("close")}
        </button>
      </header>
      <div class="detail-body">
        ${
          item === undefined
            ? nothing
            : html`<div class="detail-stage">${stageView(item, state, actions)}</div>
                ${asideView(item, state, actions)} ${neighboursView(state, actions)}`
        }
      </div>
      ${noticesView(state, actions)}
    </dialog>
  `;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function stepsView({ results, query }, actions) {
  const at = results.hits.findIndex((hit) => hit.id === query.item);
  if (at < 0) return html`<span class="steps"></span>`;
  const step = (
    /** @type {1 | -1} */ direction,
    /** @type {"left" | "right"} */ name,
    /** @type {string} */ label,
  ) =>
    html`<button
      type="button"
      class="box-tool"
      title=${label}
      aria-label=${label}
      ?disabled=${results.hits[at + direction] === undefined}
      @click=${() => actions.stepItem(direction)}
    >
      ${icon(name)}
    </button>`;
  return html`<span class="steps">
    ${step(-1, "left", words.detail.before)}
    <span class="position">${words.detail.position(at + 1, results.hits.length)}</span>
    ${step(1, "right", words.detail.after)}
  </span>`;
}

/**
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 */
function detailKey(event, actions) {
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const isOurs =
    event.target instanceof Element && event.target.matches("[role=slider], input, video");
  if (direction === undefined || isOurs || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  actions.stepItem(direction < 0 ? -1 : 1);
}
