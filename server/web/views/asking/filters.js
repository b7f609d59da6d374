/** The filters: how well hits must fit, their kind, and the metadata that the collection has. */

import { chosenValues, ranged, rangeOf, toggled } from "../../state/asking/narrowing.js";
import { rarityOf } from "../../state/hits/telling.js";
import { EMPTY, FUSIONS, KINDS, MATCHES } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { collectionOf } from "./narrow.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Field, Query } from "../../state/types.js"
 */

const FIRST_VALUES = 8;
const HIGHEST_SCORE = 6;

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function filtersView(state, actions) {
  const { where, kinds, minScore, match, fusion } = EMPTY;
  const clear = () => actions.ask({ where, kinds, minScore, match, fusion });
  return html`
    <section id="filters" class="filters" aria-label=${words.narrow.heading}>
      ${scoreView(state.query, actions)} ${kindsView(state, actions)}
      ${state.fields.map((field) => fieldView(field, state.query, actions))}
      ${waysView(state.query, actions)}
      <button type="button" class="plain" @click=${clear}>${words.narrow.clear}</button>
    </section>
  `;
}

/**
 * @param {Query} query
 * @param {Actions} actions
 */
function scoreView({ minScore }, actions) {
  const said = minScore === null ? words.narrow.any : rarityOf(minScore);
  const moved = (/** @type {Event} */ event) => {
    const score = Number(/** @type {HTMLInputElement} */ (event.target).value);
    actions.ask({ minScore: score === 0 ? null : score }, { isTyping: event.type === "input" });
  };
  return html`
    <fieldset class="filter">
      <legend>${words.narrow.score}</legend>
      <input
        type="range"
        min="0"
        max=${HIGHEST_SCORE}
        step="0.25"
        aria-label=${words.narrow.score}
        aria-valuetext=${said}
        .value=${String(minScore ?? 0)}
        @input=${moved}
        @change=${moved}
      />
      <p class="said-so">${said}</p>
    </fieldset>
  `;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function kindsView(state, actions) {
  const counts = collectionOf(state)?.items_by_kind ?? {};
  const there = KINDS.filter((kind) => (counts[kind] ?? 0) > 0);
  const { kinds } = state.query;
  // Where all items are pictures, sounds and texts, what is found says the same.
  if (!there.some((kind) => kind === "document" || kind === "video")) return nothing;
  return html`
    <fieldset class="filter">
      <legend>${words.narrow.kind}</legend>
      ${there.map((kind) => {
        const after = KINDS.filter((one) => kinds.includes(one) !== (one === kind));
        const choose = () => actions.ask({ kinds: after });
        return checkView(words.kind[kind], counts[kind] ?? 0, kinds.includes(kind), choose);
      })}
    </fieldset>
  `;
}

/**
 * @param {string} label
 * @param {number} items
 * @param {boolean} isChecked
 * @param {() => void} changed
 */
function checkView(label, items, isChecked, changed) {
  return html`<label class="check">
    <input type="checkbox" .checked=${isChecked} @change=${changed} />
    <span class="check-name">${label}</span><span class="check-count">${items}</span>
  </label>`;
}

/**
 * @param {Field} field
 * @param {Query} query
 * @param {Actions} actions
 */
function fieldView(field, query, actions) {
  const isRange = field.type === "number" || field.type === "date";
  return html`
    <fieldset class="filter">
      <legend>${field.name}</legend>
      ${isRange ? rangeView(field, query, actions) : nothing}
      ${isRange && field.values.length > FIRST_VALUES ? nothing : valuesView(field, query, actions)}
    </fieldset>
  `;
}

/**
 * @param {Field} field
 * @param {Query} query
 * @param {Actions} actions
 */
function valuesView({ name, values }, { where }, actions) {
  const chosen = chosenValues(where, name);
  const view = (/** @type {Field["values"][number]} */ { value, items }) => {
    const label = typeof value === "boolean" ? words.narrow[value ? "yes" : "no"] : String(value);
    const choose = () => actions.ask({ where: toggled(where, name, value) });
    return checkView(label, items, chosen.includes(value), choose);
  };
  const rest = values.slice(FIRST_VALUES);
  return html`
    ${values.slice(0, FIRST_VALUES).map(view)}
    ${
      rest.length === 0
        ? nothing
        : html`<details class="rest">
            <summary>${words.narrow.more(rest.length)}</summary>
            ${rest.map(view)}
          </details>`
    }
  `;
}

/**
 * @param {Field} field
 * @param {Query} query
 * @param {Actions} actions
 */
function rangeView(field, { where }, actions) {
  const range = rangeOf(where, field.name);
  const end = (/** @type {"least" | "greatest"} */ which) => {
    const changed = (/** @type {Event} */ event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      const given = field.type === "number" ? Number(value) : value;
      const after = { ...range, [which]: value === "" ? null : given };
      actions.ask({ where: ranged(where, field.name, after) });
    };
    const edge = field[which] === null ? "" : String(field[which]).slice(0, 10);
    return html`<input
      class="range-end"
      type=${field.type}
      step="any"
      aria-label=${words.narrow[which](field.name)}
      placeholder=${edge}
      min=${field.type === "date" ? String(field.least ?? "").slice(0, 10) : nothing}
      .value=${range[which] === null ? "" : String(range[which])}
      @change=${changed}
    />`;
  };
  return html`<div class="range">${end("least")}<span>–</span>${end("greatest")}</div>`;
}

/**
 * How hits are found and put in order: for those who want to know.
 * @param {Query} query
 * @param {Actions} actions
 */
function waysView({ match, fusion }, actions) {
  return html`
    <fieldset class="filter">
      <legend>${words.narrow.match}</legend>
      ${MATCHES.map((name) =>
        radioView("match", words.narrow.matches[name], match === name, () =>
          actions.ask({ match: name }),
        ),
      )}
    </fieldset>
    <fieldset class="filter">
      <legend>${words.narrow.fusion}</legend>
      ${FUSIONS.map((name) =>
        radioView("fusion", words.narrow.fusions[name], fusion === name, () =>
          actions.ask({ fusion: name }),
        ),
      )}
    </fieldset>
  `;
}

/**
 * @param {string} group
 * @param {string} label
 * @param {boolean} isChosen
 * @param {() => void} choose
 */
function radioView(group, label, isChosen, choose) {
  return html`<label class="check">
    <input type="radio" name=${group} .checked=${isChosen} @change=${choose} />${label}
  </label>`;
}
