/** What stands behind a hit, in one line. */

import { factsOf, rarityOf } from "../../state/hits/telling.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";

/** @import { Place, Scores } from "../../state/types.js" */

/** @param {Partial<Place & Scores>} hit */
export function factsLine(hit) {
  const facts = factsOf(hit);
  if (facts.length === 0) return nothing;
  return html`<span class="facts" title=${rarityOf(hit.score ?? 0)}>${facts.join(" · ")}</span>`;
}
