/** What can be done with the hits that are marked, or with all of them. */

import { mayWrite } from "../../state/entering.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { Format } from "../../state/hits/exporting.js"
 * @import { State } from "../../state/store.js"
 */

/** @type {readonly Format[]} */
const FORMATS = ["jsonl", "csv", "paths"];

/**
 * The bar that is there while something is marked.
 *
 * @param {State} state
 * @param {Actions} actions
 */
export function selectionView({ selection, access }, actions) {
  if (selection.size === 0) return nothing;
  return html`
    <div class="selection" role="region" aria-label=${words.select.bar}>
      <p role="status">${words.select.count(selection.size)}</p>
      <button type="button" class="plain" @click=${actions.selectAll}>${words.select.all}</button>
      <button type="button" class="plain" @click=${actions.selectNone}>${words.select.none}</button>
      ${saveView("save-marked", actions)}
      ${
        mayWrite(access)
          ? html`<button type="button" class="plain bad" @click=${() => actions.remove([...selection])}>
              ${words.remove.button}
            </button>`
          : nothing
      }
    </div>
  `;
}

/**
 * A button with a menu: saving the list in a format, and copying its paths.
 *
 * @param {string} id of the menu
 * @param {Actions} actions
 */
export function saveView(id, actions) {
  const done = (/** @type {() => void} */ run) => (/** @type {Event} */ event) => {
    const menu = /** @type {Element} */ (event.currentTarget).closest("[popover]");
    /** @type {HTMLElement} */ (menu).hidePopover();
    run();
  };
  return html`
    <button type="button" class="plain" popovertarget=${id}>${words.select.save}</button>
    <div id=${id} class="menu" popover>
      ${FORMATS.map(
        (format) => html`<button
          type="button"
          class="menu-entry"
          @click=${done(() => void actions.exportHits(format))}
        >${words.select[format]}</button>`,
      )}
      <button type="button" class="menu-entry" @click=${done(() => void actions.copyPaths())}>
        ${words.select.copy}
      </button>
    </div>
  `;
}
