/** What is most like the item that is looked at, of each modality. */

import { media } from "../../service/media.js";
import { pictureOf } from "../../state/hits/moments.js";
import { nameOf } from "../../state/hits/telling.js";
import { MODALITIES } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Hit, Modality } from "../../state/types.js"
 */

const SIDE = 130; // pixels

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function neighboursView({ neighbours, query }, actions) {
  const rows = MODALITIES.flatMap((modality) => {
    const hits = neighbours[modality] ?? [];
    return hits.length === 0 ? [] : [{ modality, hits }];
  });
  if (rows.length === 0) return nothing;
  return html`<section class="neighbours" aria-label=${words.detail.neighbours}>
    ${rows.map(
      ({ modality, hits }) => html`
        <h3>${icon(modality)}${words.detail.like[modality]}</h3>
        <ul class="strip">
          ${hits.map((hit) => neighbourView(hit, modality, query.collection, actions))}
        </ul>
      `,
    )}
  </section>`;
}

/**
 * @param {Hit} hit
 * @param {Modality} modality
 * @param {string | null} collection
 * @param {Actions} actions
 */
function neighbourView(hit, modality, collection, actions) {
  const name = nameOf(hit);
  const picture =
    modality === "image" && hit.kind !== "audio"
      ? media.thumbnail(collection, hit.id, SIDE, pictureOf(hit))
      : { src: null, srcset: null };
  return html`<li>
    <button
      type="button"
      class="near ${modality}"
      title=${name}
      aria-label=${name}
      @click=${() => actions.openItem(hit.id)}
    >
      ${
        picture.src === null
          ? html`<span class="near-text">${hit.text ?? name}</span>`
          : html`<img alt="" loading="lazy" src=${picture.src} srcset=${picture.srcset ?? nothing} />`
      }
      ${picture.src === null ? html`<span class="near-name">${icon(modality)}${name}</span>` : nothing}
    </button>
  </li>`;
}
