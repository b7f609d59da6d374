/** The collection as a map, with its legend and the same as a list. */

import "../elements/any-map.js";
import { nameOf } from "../state/hits/telling.js";
import { litOf } from "../state/map/mapping.js";
import { asksNothing, MODALITIES } from "../state/query.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";

/**
 * @import { AnyMap } from "../elements/any-map.js"
 * @import { Actions } from "../state/actions.js"
 * @import { CollectionMap } from "../state/map/mapping.js"
 * @import { State } from "../state/store.js"
 */

const MOST_LISTED = 30;
const TIMES = 1.6;

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function mapView(state, actions) {
  const { mapping } = state;
  if (mapping.columns === null) return html`<p class="map-told">${told(state)}</p>`;
  const lit = litIds(state);
  return html`
    <section class="map" aria-label=${words.map.heading}>
      <div class="map-frame">
        <any-map
          .points=${mapping.columns}
          .lit=${lit}
          .without=${mapping.without}
          .describe=${actions.describe}
          .thumbnail=${actions.thumbnail}
          @choose=${(/** @type {CustomEvent} */ event) => actions.openItem(event.detail.id)}
          @look=${(/** @type {CustomEvent} */ event) => actions.lookOnMap(event.detail.id, event.detail.near)}
        ></any-map>
        ${legendView(state, mapping.columns, actions)} ${buttonsView()}
      </div>
      <p class="map-about">${aboutText(mapping.columns)} ${words.map.meaning}</p>
      ${listView(state, actions)}
    </section>
  `;
}

/** @type {readonly string[]} */
const ORDER = MODALITIES;

/** @type {{ of: State["results"]["hits"] | null, ids: readonly string[] }} */
const last = { of: null, ids: [] };

/**
 * The ids of the hits: the same list as long as the hits are.
 *
 * @param {Pick<State, "results" | "query">} state
 */
function litIds({ results, query }) {
  if (asksNothing(query)) return null;
  if (last.of !== results.hits) Object.assign(last, { of: results.hits, ids: litOf(results.hits) });
  return last.ids;
}

/** @param {State} state */
function told({ mapping }) {
  if (mapping.status === "failed") return mapping.error;
  return mapping.status === "none" ? words.map.none : words.map.loading;
}

/** @param {CollectionMap} columns */
const aboutText = ({ ids, total, method }) =>
  words.map.about(ids.length, total, words.map.method(method));

/**
 * Modalities in the order in which the whole page names them.
 *
 * @param {readonly string[]} modalities
 */
const inOrder = (modalities) =>
  modalities.toSorted((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));

/**
 * @param {State} state
 * @param {CollectionMap} columns
 * @param {Actions} actions
 */
function legendView({ mapping }, columns, actions) {
  const counts = countsOf(columns);
  return html`
    <div class="legend">
      <div class="legend-names" role="group" aria-label=${words.map.legend}>
        ${inOrder(columns.modalities).map(
          (name) => html`
            <button
              type="button"
              class="legend-name ${name}"
              aria-pressed=${!mapping.without.has(name)}
              @click=${() => actions.toggleOnMap(name)}
            >
              <span class="legend-shape" aria-hidden="true"></span>
              ${/** @type {Record<string, string>} */ (words.modality)[name] ?? name}
              <span class="legend-count">${counts.get(name)}</span>
            </button>
          `,
        )}
      </div>
      ${columns.spaces.length > 1 ? spacesView(columns, actions) : nothing}
    </div>
  `;
}

/** @type {WeakMap<CollectionMap, Map<string, number>>} */
const counted = new WeakMap();

/** @param {CollectionMap} columns */
function countsOf(columns) {
  const known = counted.get(columns);
  if (known) return known;
  const counts = new Map(columns.modalities.map((name) => [name, 0]));
  for (const place of columns.modality) {
    const name = columns.modalities[place];
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  counted.set(columns, counts);
  return counts;
}

/**
 * @param {CollectionMap} columns
 * @param {Actions} actions
 */
function spacesView({ spaces, space }, actions) {
  const chosen = (/** @type {Event} */ event) =>
    actions.showMap(/** @type {HTMLSelectElement} */ (event.target).value);
  return html`
    <label class="legend-space">
      ${words.map.space}
      <select @change=${chosen}>
        ${spaces.map((name) => html`<option value=${name} ?selected=${name === space}>${name}</option>`)}
      </select>
    </label>
  `;
}

function buttonsView() {
  return html`
    <div class="map-buttons">
      <button type="button" aria-label=${words.map.enlarge} @click=${onMap((map) => map.enlarge(TIMES))}>+</button>
      <button type="button" aria-label=${words.map.reduce} @click=${onMap((map) => map.enlarge(1 / TIMES))}>−</button>
      <button type="button" @click=${onMap((map) => map.showWhole())}>${words.map.whole}</button>
    </div>
  `;
}

/** @param {(map: AnyMap) => void} run */
function onMap(run) {
  return (/** @type {Event} */ event) => {
    const frame = /** @type {Element} */ (event.currentTarget).closest(".map-frame");
    const map = /** @type {AnyMap | null | undefined} */ (frame?.querySelector("any-map"));
    if (map) run(map);
  };
}

/**
 * The hits, which are lit up on the map, for those who do not see it.
 *
 * @param {State} state
 * @param {Actions} actions
 */
function listView({ results, query, mapping }, actions) {
  const lit = new Set(litIds({ results, query }));
  const hits = results.hits.filter((hit) => lit.has(hit.id)).slice(0, MOST_LISTED);
  const { looked, near } = mapping;
  return html`
    <details class="map-list">
      <summary>${words.map.list}</summary>
      ${hits.length + near.length === 0 ? html`<p>${words.map.nothingLit}</p>` : nothing}
      ${
        looked === null
          ? nothing
          : html`<h2>${words.map.near(looked.title)}</h2>
            <ul>${near.map(({ id, title }) => html`<li>${openView(id, title, actions)}</li>`)}</ul>`
      }
      ${hits.length === 0 ? nothing : html`<h2>${words.map.lit(hits.length)}</h2>`}
      <ol>
        ${hits.map(
          (hit) => html`<li>
            ${openView(hit.id, nameOf(hit), actions)}
            <span class="map-kind">${words.kind[hit.kind]}</span>
          </li>`,
        )}
      </ol>
    </details>
  `;
}

/**
 * @param {string} id
 * @param {string} title
 * @param {Actions} actions
 */
function openView(id, title, actions) {
  return html`<button type="button" class="plain" @click=${() => actions.openItem(id)}>${title}</button>`;
}
