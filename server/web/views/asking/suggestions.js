/** What was asked before, under the box: as it is empty, or where the arrow down is pressed. */

import { suggestions } from "../../state/asking/history.js";
import { draftOf } from "../../state/asking/terms.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { Entry } from "../../state/asking/history.js"
 * @import { State } from "../../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function suggestionsView(state, actions) {
  const found = suggestions(state.past, draftOf(state.query.terms));
  if (!state.isSuggesting || found.length === 0) return nothing;
  const chosen = (/** @type {Entry} */ entry) => () => {
    actions.suggest(false);
    actions.ask({ ...actions.queryOf(entry), view: state.query.view });
    toBox();
  };
  return html`
    <ul class="suggestions" aria-label=${words.past.suggestions} @keydown=${pressed(actions)}>
      ${found.map(
        (entry) => html`<li>
          <button type="button" class="menu-entry" @click=${chosen(entry)}>${entry.label}</button>
        </li>`,
      )}
    </ul>
  `;
}

/**
 * What the box's form hears, so that suggestions come and go.
 *
 * @param {State} state
 * @param {Actions} actions
 */
export function suggesting({ query, past, isSuggesting }, actions) {
  const isEmpty = query.terms.length === 0 && past.length > 0;
  return {
    clicked: () => isEmpty && actions.suggest(true),
    pressed: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && isSuggesting) {
        event.preventDefault(); // the words stay
        actions.suggest(false);
      }
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      actions.suggest(true);
      // They are there in the next frame.
      requestAnimationFrame(() => requestAnimationFrame(() => move(1)));
    },
    left: (/** @type {FocusEvent} */ event) => {
      const form = /** @type {Element} */ (event.currentTarget);
      const to = /** @type {Node | null} */ (event.relatedTarget);
      if (!form.contains(to)) actions.suggest(false);
    },
  };
}

/** @param {Actions} actions */
function pressed(actions) {
  return (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (step !== undefined) move(step);
    else {
      toBox();
      actions.suggest(false);
    }
  };
}

/** @param {number} step from the suggestion that has the focus; before the first is the box */
function move(step) {
  const entries = [...document.querySelectorAll(".suggestions button")];
  const now = entries.indexOf(/** @type {Element} */ (document.activeElement));
  const next = /** @type {HTMLElement | undefined} */ (entries[now + step]);
  if (now + step < 0) toBox();
  else next?.focus();
}

function toBox() {
  document.getElementById("words")?.focus();
}
