/** A dialog over the page. The browser keeps the focus inside, and gives it back at the end. */

import { ref } from "../vendor/lit-html/directives/ref.js";
import { html } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";
import { noticesView } from "./notices.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 * @import { TemplateResult } from "../vendor/lit-html/lit-html.js"
 */

/**
 * @param {object} parts
 * @param {string} parts.name its class, and the beginning of its heading's id
 * @param {string} parts.heading
 * @param {TemplateResult} parts.content
 * @param {() => void} parts.closed told when it has been closed
 * @param {State} state
 * @param {Actions} actions
 */
export function dialogView({ name, heading, content, closed }, state, actions) {
  return html`
    <dialog
      class="dialog ${name}"
      aria-labelledby="${name}-heading"
      @close=${closed}
      @click=${closeOnVeil}
      ${ref(show)}
    >
      <header class="dialog-head">
        <h2 id="${name}-heading">${heading}</h2>
        <button type="button" class="plain" @click=${closeAround}>${words.close}</button>
      </header>
      <div class="dialog-body">${content}</div>
      ${noticesView(state, actions)}
    </dialog>
  `;
}

/**
 * Opens a dialog over the page when it is there; for lit's `ref`.
 * @param {Element | undefined} element
 */
export function show(element) {
  // It is not in the document before the whole template is.
  queueMicrotask(() => {
    const dialog = /** @type {HTMLDialogElement | undefined} */ (element);
    if (dialog?.isConnected && !dialog.open) dialog.showModal();
  });
}

/** @param {Event} event */
export function closeAround(event) {
  const inside = /** @type {Element} */ (event.currentTarget);
  inside.closest("dialog")?.close();
}

/** @param {MouseEvent} event on the dialog; what is around it belongs to it, too */
function closeOnVeil(event) {
  const dialog = /** @type {HTMLDialogElement} */ (event.currentTarget);
  if (event.target === dialog) dialog.close();
}
