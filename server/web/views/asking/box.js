/** The box that one asks in: words, and beside them pictures, sounds and other words as chips. */

import { recorder } from "../../service/recorder.js";
import { chipsOf, draftOf, withDraft, withDraftKept } from "../../state/asking/terms.js";
import { clock } from "../../state/times.js";
import { live } from "../../vendor/lit-html/directives/live.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";
import { chipView } from "./chip.js";
import { suggesting, suggestionsView } from "./suggestions.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function boxView(state, actions) {
  const { query, sending } = state;
  const chips = chipsOf(query.terms);
  return html`
    <form
      class="box"
      role="search"
      aria-label=${words.ask.region}
      @submit=${sent(state, actions)}
      @focusout=${suggesting(state, actions).left}
    >
      <div class="box-line">
        ${icon("search")} ${wordsView(state, actions)} ${buttonsView(state, actions)}
      </div>
      ${
        chips.length === 0 && sending === 0
          ? nothing
          : html`<ul class="chips" aria-label=${words.ask.chips}>
              ${chips.map((chip) => chipView(chip, state, actions))}
              ${sending === 0 ? nothing : html`<li class="chip waiting">${words.ask.sending}</li>`}
            </ul>`
      }
      ${suggestionsView(state, actions)}
    </form>
  `;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function sent({ query }, actions) {
  return (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    actions.suggest(false);
    actions.ask({ terms: query.terms });
    // A phone's keyboard would hide what was found.
    const { activeElement } = document;
    const isTouched = matchMedia("(pointer: coarse)").matches;
    if (isTouched && activeElement instanceof HTMLElement) activeElement.blur();
  };
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function wordsView(state, actions) {
  const { query, recorded } = state;
  if (recorded !== null) {
    return html`<p class="recording" role="status">${words.ask.recording(clock(recorded))}</p>`;
  }
  const typed = (/** @type {InputEvent} */ event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    actions.suggest(false);
    actions.ask({ terms: withDraft(query.terms, value) }, { isTyping: true });
  };
  return html`<input
    id="words"
    class="words"
    type="search"
    enterkeyhint="search"
    autocomplete="off"
    autocapitalize="none"
    spellcheck="false"
    aria-label=${words.ask.label}
    placeholder=${chipsOf(query.terms).length === 0 ? words.ask.placeholder : words.ask.further}
    .value=${live(draftOf(query.terms))}
    @input=${typed}
    @click=${suggesting(state, actions).clicked}
    @keydown=${suggesting(state, actions).pressed}
  />`;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function buttonsView({ query, recorded }, actions) {
  const draft = draftOf(query.terms);
  const chosen = (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    void actions.askByFiles(input.files ?? []);
    input.value = "";
  };
  const cleared = () => {
    actions.ask({ terms: [] });
    document.getElementById("words")?.focus();
  };
  return html`
    ${
      draft.trim() === ""
        ? nothing
        : toolView("plus", words.ask.keep, () => actions.ask({ terms: withDraftKept(query.terms) }))
    }
    ${query.terms.length === 0 ? nothing : toolView("close", words.ask.clear, cleared)}
    <label class="box-tool" title=${words.ask.pick}>
      ${icon("clip")}
      <input
        class="hidden"
        type="file"
        accept="image/*,audio/*,video/*"
        multiple
        aria-label=${words.ask.pick}
        @change=${chosen}
      />
    </label>
    ${
      recorder.isThere()
        ? html`<button
            type="button"
            class="box-tool ${recorded === null ? "" : "live"}"
            title=${recorded === null ? words.ask.record : words.ask.stop}
            aria-label=${recorded === null ? words.ask.record : words.ask.stop}
            aria-pressed=${recorded !== null}
            @click=${actions.record}
          >
            ${icon("microphone")}
          </button>`
        : nothing
    }
  `;
}

/**
 * @param {import("../icons.js").IconName} name
 * @param {string} label
 * @param {() => void} run
 */
function toolView(name, label, run) {
  return html`<button type="button" class="box-tool" title=${label} aria-label=${label} @click=${run}>
    ${icon(name)}
  </button>`;
}
