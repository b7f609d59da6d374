/** The hits. */

import { media } from "../service/media.js";
import { fileName } from "../state/names.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { html } from "../vendor/lit-html/lit-html.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} _actions
 */
export function gridView({ results, query }, _actions) {
  return html`
    <ol class="grid" role="list">
      ${repeat(
        results.hits,
        (hit) => hit.id,
        (hit) => html`<li class="tile">
          ${
            hit.kind === "image"
              ? html`<img
                loading="lazy"
                alt=${fileName(hit.source)}
                src=${media.path(query.collection, hit.id, { w: 320 })}
              />`
              : html`<p>${hit.text ?? fileName(hit.source)}</p>`
          }
        </li>`,
      )}
    </ol>
  `;
}
