/** What narrows the hits down: the collection, what is found, and the filters that hold. */

import { conditionText, without } from "../../state/asking/narrowing.js";
import { MODALITIES } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { CollectionFacts, Modality, Query } from "../../state/types.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function narrowView(state, actions) {
  const { query, isNarrowing, showsFacts } = state;
  const pills = pillsOf(query);
  return html`
    <div class="narrow" role="group" aria-label=${words.narrow.label}>
      ${collectionView(state, actions)}
      <div class="choice" role="group" aria-label=${words.narrow.modality}>
        ${MODALITIES.map((modality) => modalityView(modality, query, actions))}
      </div>
      <button
        type="button"
        class="pill"
        aria-expanded=${isNarrowing}
        aria-controls="filters"
        @click=${actions.toggleFilters}
      >
        ${icon("filter")}${words.narrow.button}
      </button>
      ${pills.map(
        ({ text, patch }) => html`<button
          type="button"
          class="pill held"
          aria-label=${words.narrow.remove(text)}
          @click=${() => actions.ask(patch)}
        >
          <span class="pill-text">${text}</span>${icon("close")}
        </button>`,
      )}
      <button
        type="button"
        class="pill quiet"
        aria-pressed=${showsFacts}
        @click=${actions.toggleFacts}
      >
        ${icon("facts")}${words.facts}
      </button>
    </div>
  `;
}

/**
 * @param {Modality} modality
 * @param {Query} query
 * @param {Actions} actions
 */
function modalityView(modality, query, actions) {
  const { modalities } = query;
  const isChosen = modalities.includes(modality);
  const after = MODALITIES.filter((one) => modalities.includes(one) !== (one === modality));
  const patch = { modalities: after.length === MODALITIES.length ? [] : after };
  return html`<button
    type="button"
    class="pill ${modality}"
    aria-pressed=${isChosen}
    @click=${() => actions.ask(patch)}
  >
    ${icon(modality)}${words.modality[modality]}
  </button>`;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function collectionView({ collections, query }, actions) {
  if (collections.length < 2) return nothing;
  const chosen = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    // What is filtered by, and what it is like, belongs to the collection that is left.
    const terms = query.terms.filter((term) => term.like === undefined);
    actions.ask({ collection: value, terms, where: {}, kinds: [], item: null });
  };
  const current = query.collection ?? collections[0]?.name;
  return html`<select class="pill" aria-label=${words.narrow.collection} @change=${chosen}>
    ${collections.map(
      ({ name, items }) =>
        html`<option value=${name} .selected=${name === current}>
          ${name} (${words.hits.items(items)})
        </option>`,
    )}
  </select>`;
}

/**
 * The filters that hold, each with what takes it away.
 * @param {Query} query
 * @returns {{text: string, patch: Partial<Query>}[]}
 */
function pillsOf({ where, kinds, minScore }) {
  return [
    ...Object.keys(where).map((field) => ({
      text: `${field}: ${conditionText(where, field)}`,
      patch: { where: without(where, field) },
    })),
    ...kinds.map((kind) => ({
      text: words.kind[kind],
      patch: { kinds: kinds.filter((one) => one !== kind) },
    })),
    ...(minScore === null
      ? []
      : [{ text: words.narrow.minScore(minScore), patch: { minScore: null } }]),
  ];
}

/**
 * The facts of the collection that is asked, once they are known.
 * @param {Pick<State, "collections" | "query">} state
 * @returns {CollectionFacts | undefined}
 */
export function collectionOf({ collections, query }) {
  return query.collection === null
    ? collections[0]
    : collections.find(({ name }) => name === query.collection);
}
