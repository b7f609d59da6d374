/** The hits as justified rows, of which only those near what is in sight are there. */

import { ref } from "../../vendor/lit-html/directives/ref.js";
import { repeat } from "../../vendor/lit-html/directives/repeat.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { gridKey } from "./keys.js";
import { tileView } from "./tile.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 */

const MOST_HITS = 1000; // the last one that a search gives

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function gridView(state, actions) {
  const { results } = state;
  const layout = actions.layout();
  const { first, end } = actions.shown();
  const tiles = results.hits.slice(first, end).flatMap((hit, at) => {
    const box = layout.boxes[first + at];
    return box === undefined ? [] : [{ hit, index: first + at, box }];
  });
  return html`
    <ol
      class="grid"
      role="list"
      aria-label=${words.hits.heading}
      aria-busy=${results.status === "loading"}
      .style=${`height: ${layout.height}px`}
      ${ref(actions.watchSight)}
      @keydown=${(/** @type {KeyboardEvent} */ event) => gridKey(event, state, actions)}
    >
      ${repeat(
        tiles,
        (tile) => tile.hit.id,
        (tile) => tileView(tile, state, actions),
      )}
    </ol>
    <p class="grid-end">
      ${results.isGrowing ? words.hits.more : nothing}
      ${results.state !== null && results.hits.length >= MOST_HITS ? words.hits.end(MOST_HITS) : nothing}
    </p>
  `;
}
