/** Files that are added to the collection: picking them, and how each of them stands. */

import { standing } from "../state/changes/adding.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";
import { dialogView } from "./dialog.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { Adding } from "../state/changes/adding.js"
 * @import { State } from "../state/store.js"
 */

const MOST_LISTED = 200; // those that failed, then the latest

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function addingView(state, actions) {
  const { adding } = state;
  return dialogView(
    {
      name: "adding",
      heading: words.add.heading,
      closed: actions.closeDialog,
      content: html`
      <p class="soft">${words.add.hint}</p>
      <label class="button main">
        ${words.add.pick}
        <input class="hidden" type="file" multiple @change=${picked(actions)} />
      </label>
      ${adding.length ? standingView(adding, actions) : nothing}
      <ul class="adding-files">
        ${repeat(listed(adding), (one) => one.number, fileView)}
      </ul>
    `,
    },
    state,
    actions,
  );
}

/** @param {Actions} actions */
function picked(actions) {
  return (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    actions.addFiles(input.files ?? []);
    input.value = "";
  };
}

/**
 * @param {readonly Adding[]} adding
 * @param {Actions} actions
 */
function standingView(adding, actions) {
  const { ended, total, failed, share } = standing(adding);
  return html`
    <div class="adding-standing">
      <p id="adding-standing" role="status">${words.add.standing(ended, total, failed)}</p>
      <progress aria-labelledby="adding-standing" max="1" .value=${share}></progress>
      ${
        failed
          ? html`<button type="button" class="plain" @click=${actions.retryAdding}>${words.add.retry}</button>`
          : nothing
      }
      <button type="button" class="plain" @click=${actions.clearAdding}>${words.add.clear}</button>
    </div>
  `;
}

/** @param {readonly Adding[]} adding */
function listed(adding) {
  const failed = adding.filter((one) => one.stage === "failed");
  const others = adding.filter((one) => one.stage !== "failed");
  const room = Math.max(MOST_LISTED - failed.length, 0);
  return [...failed.slice(0, MOST_LISTED), ...(room ? others.slice(-room) : [])];
}

/** @param {Adding} one */
function fileView({ file, stage, sent, error }) {
  const isFailed = stage === "failed";
  return html`
    <li class="adding-file">
      <span class="adding-name">${file.name}</span>
      <span class="adding-stage ${isFailed ? "bad" : ""}">${words.add.stage[stage]}</span>
      ${
        stage === "sending"
          ? html`<progress max="1" .value=${sent} aria-label=${file.name}></progress>`
          : nothing
      }
      ${error === null ? nothing : html`<span class="adding-error ${isFailed ? "bad" : ""}">${error}</span>`}
    </li>
  `;
}
