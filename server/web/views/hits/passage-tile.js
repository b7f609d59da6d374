/** A text: the passage that matched, under its headings, with the words of the query marked. */

import { flowing } from "../../state/hits/flowing.js";
import { marked, wordsOf } from "../../state/hits/marking.js";
import { nameOf, placeOf } from "../../state/hits/telling.js";
import { isShort } from "../../state/hits/tiles.js";
import { askedTerms } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { icon } from "../icons.js";
import { factsLine } from "./facts.js";

/**
 * @import { State } from "../../state/store.js"
 * @import { Query } from "../../state/types.js"
 * @import { Tile } from "./tile.js"
 */

/**
 * @param {Tile} tile
 * @param {State} state
 */
export function passageBody({ hit }, { query }) {
  const { text, heading } = hit;
  const print = isShort(text ?? "") ? "passage-text short" : "passage-text";
  return html`
    ${headingView(heading ?? [])}
    <p class=${print}>${markedText(text ?? "", query)}</p>
    <div class="foot">
      <span class="name">${icon(hit.kind === "document" ? "document" : "text")}${nameOf(hit)}</span>
      <span class="place">${placeOf(hit)}</span>
      ${factsLine(hit)}
    </div>
  `;
}

/** @param {readonly string[]} heading */
export function headingView(heading) {
  if (heading.length === 0) return nothing;
  return html`<p class="heading">${heading.join(" › ")}</p>`;
}

/**
 * A text with the words of a query marked.
 * @param {string} text
 * @param {Query} query
 */
export function markedText(text, query) {
  const asked = askedTerms(query).filter((term) => term.weight > 0);
  const words = wordsOf(asked.map((term) => term.text ?? "").join(" "));
  return marked(flowing(text), words).map((part) =>
    part.isMarked ? html`<mark>${part.text}</mark>` : part.text,
  );
}
