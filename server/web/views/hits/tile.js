/** One hit of the grid, at its place. */

import { nameOf, placeOf } from "../../state/hits/telling.js";
import { lookOf } from "../../state/hits/tiles.js";
import { changed, toUrl } from "../../state/query.js";
import { classMap } from "../../vendor/lit-html/directives/class-map.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";
import { passageBody } from "./passage-tile.js";
import { pictureBody } from "./picture-tile.js";
import { soundBody } from "./sound-tile.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { Box } from "../../state/hits/layout.js"
 * @import { State } from "../../state/store.js"
 * @import { Hit } from "../../state/types.js"
 *
 * @typedef {object} Tile
 * @property {Hit} hit
 * @property {number} index
 * @property {Box} box
 */

const BODIES = {
  picture: pictureBody,
  page: pictureBody,
  sound: soundBody,
  passage: passageBody,
};

/**
 * @param {Tile} tile
 * @param {State} state
 * @param {Actions} actions
 */
export function tileView(tile, state, actions) {
  const { hit, index, box } = tile;
  const look = lookOf(hit);
  const shown = shownText(hit, state);
  const name = nameOf(shown);
  const label = words.hits.label(words.kind[hit.kind], name, placeOf(hit));
  const open = (/** @type {MouseEvent} */ event) => {
    event.preventDefault();
    const isMarking = event.ctrlKey || event.metaKey || event.shiftKey;
    if (isMarking) actions.select(hit.id, event.shiftKey);
    else actions.openItem(hit.id);
  };
  const isAtKeyboard = index === state.focus;
  const isMarked = state.selection.has(hit.id);
  return html`
    <li
      class=${classMap({ tile: true, [look]: true, known: state.showsFacts, marked: isMarked })}
      data-id=${hit.id}
      .style=${`transform: translate(${box.x}px, ${box.y}px); width: ${box.width}px; height: ${box.height}px`}
      aria-posinset=${index + 1}
      aria-setsize=${state.results.nextCursor === null ? state.results.hits.length : -1}
    >
      <a
        class="open"
        data-index=${index}
        href=${toUrl(changed(state.query, { item: hit.id }))}
        tabindex=${isAtKeyboard ? 0 : -1}
        aria-label=${label}
        @click=${open}
        @focus=${() => isAtKeyboard || actions.focusOn(index)}
      ></a>
      ${BODIES[look]({ ...tile, hit: shown }, state, actions)}
      <div class="tile-tools">
        ${
          hit.score === undefined
            ? nothing
            : html`<button
                type="button"
                class="round seldom"
                tabindex=${isAtKeyboard ? 0 : -1}
                title=${words.why.ask}
                aria-label=${words.why.name(name)}
                @click=${() => actions.openWhy(hit.id)}
              >
                ${icon("help")}
              </button>`
        }
        <button
          type="button"
          class="round mark"
          role="checkbox"
          aria-checked=${isMarked}
          tabindex=${isAtKeyboard ? 0 : -1}
          title=${words.select.one}
          aria-label=${words.select.name(name)}
          @click=${(/** @type {MouseEvent} */ event) => actions.select(hit.id, event.shiftKey)}
        >
          ${icon("check")}
        </button>
        <button
          type="button"
          class="round"
          tabindex=${isAtKeyboard ? 0 : -1}
          title=${words.like}
          aria-label=${words.likeName(name)}
          @click=${() => actions.askLike(hit)}
        >
          ${icon("like")}
        </button>
      </div>
    </li>
  `;
}

/**
 * A hit with the text that its card shows: of a list's items that comes later.
 * @param {Hit} hit
 * @param {State} state
 * @returns {Hit}
 */
function shownText(hit, { peeks }) {
  const passage = hit.text ? null : peeks.get(hit.id)?.passage;
  return passage ? { ...hit, text: passage.text, heading: passage.heading } : hit;
}
