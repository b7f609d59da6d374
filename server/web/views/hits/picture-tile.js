/** A picture, or what a page of a document or the moment of a video shows. */

import { media } from "../../service/media.js";
import { pictureOf } from "../../state/hits/moments.js";
import { nameOf, placeOf } from "../../state/hits/telling.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { icon } from "../icons.js";
import { factsLine } from "./facts.js";

/**
 * @import { State } from "../../state/store.js"
 * @import { Tile } from "./tile.js"
 */

/**
 * @param {Tile} tile
 * @param {State} state
 */
export function pictureBody({ hit, box }, { query }) {
  const { collection } = query;
  const pixels = Math.max(box.width, box.height);
  const { src, srcset } = media.thumbnail(collection, hit.id, pixels, pictureOf(hit));
  const loaded = (/** @type {Event} */ event) => {
    const image = /** @type {HTMLImageElement} */ (event.target);
    media.learn(collection, hit.id, image.naturalWidth / image.naturalHeight);
    image.classList.add("there");
  };
  const failed = (/** @type {Event} */ event) =>
    /** @type {HTMLElement} */ (event.target).closest(".tile")?.classList.add("broken");
  return html`
    ${
      src === null
        ? nothing
        : html`<img
            alt=""
            loading="lazy"
            decoding="async"
            draggable="false"
            srcset=${srcset ?? nothing}
            src=${src}
            @load=${loaded}
            @error=${failed}
          />`
    }
    ${hit.kind === "video" ? html`<span class="film">${icon("play")}${placeOf(hit)}</span>` : nothing}
    <div class="foot">
      <span class="name">${hit.kind === "image" ? nothing : icon(hit.kind)}${nameOf(hit)}</span>
      <span class="place">${placeOf(hit)}</span>
      ${factsLine(hit)}
    </div>
  `;
}
