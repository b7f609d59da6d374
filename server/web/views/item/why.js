/** Why a hit was found: in words, beside what chance gives, and by the parts of the query. */

import "../../elements/any-chance.js";
import { labelOf } from "../../state/asking/history.js";
import { oddsOf } from "../../state/asking/odds.js";
import { nameOf, placeOf } from "../../state/hits/telling.js";
import { bars } from "../../state/item/chance.js";
import { askedTerms, changed } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { dialogView } from "../dialog.js";
import { icon } from "../icons.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Explanation } from "../../state/item/why.js"
 */

/**
 * The explanation over the page.
 *
 * @param {State} state
 * @param {Actions} actions
 */
export function whyDialogView(state, actions) {
  const hit = state.results.hits.find(({ id }) => id === state.why?.id);
  return dialogView(
    {
      name: "why-dialog",
      heading: words.why.heading,
      closed: actions.closeDialog,
      content: html`
      ${hit ? html`<p class="why-name">${icon(hit.kind)} ${nameOf(hit)} <span>${placeOf(hit)}</span></p>` : nothing}
      ${whyView(state)}
    `,
    },
    state,
    actions,
  );
}

/**
 * What explains the hit that was asked about.
 *
 * @param {State} state
 */
export function whyView(state) {
  const { why } = state;
  if (why === null) return nothing;
  return html`
    <section class="why" aria-label=${words.why.heading} aria-busy=${why.status === "loading"}>
      <div aria-live="polite">
        ${why.status === "loading" ? html`<p class="why-wait">${words.why.loading}</p>` : nothing}
        ${why.error === null ? nothing : html`<p class="bad">${why.error}</p>`}
        ${why.explanation === null ? nothing : explanationView(why.explanation, state)}
      </div>
    </section>
  `;
}

/**
 * @param {Explanation} explanation
 * @param {State} state
 */
function explanationView(explanation, state) {
  const { score, modality, chance, terms } = explanation;
  const { one, isExtrapolated } = oddsOf(score);
  return html`
    <p class="why-plain">${words.why.odds(one, words.why.unrelated[modality], isExtrapolated)}</p>
    <p class="why-route">${words.why.route[explanation.route]} ${originText(explanation.origin)}</p>
    ${
      chance === null
        ? nothing
        : html`<figure class="chance">
            <figcaption>${words.why.chance}</figcaption>
            <any-chance .chance=${{ score, sample: chance.sample }}></any-chance>
            <p class="chance-axis-name">${words.why.axis}</p>
          </figure>`
    }
    ${factsView(explanation)} ${terms.length > 1 ? termsView(terms, state) : nothing}
    ${wordsView(explanation)}
  `;
}

/** @param {string} origin */
function originText(origin) {
  const told = /** @type {Record<string, string | undefined>} */ ({
    ocr: words.why.ocr,
    caption: words.why.caption,
    transcript: words.why.transcript,
  });
  return told[origin] ?? "";
}

/**
 * What a score is made of, if it is of several parts.
 *
 * @param {Explanation["parts"]} parts
 */
function partsText({ vector, copy, words: byWords }) {
  const others = [
    copy ? words.why.parts.copy(signed(copy, 2)) : "",
    byWords ? words.why.parts.words(signed(byWords, 2)) : "",
  ].filter(Boolean);
  return others.length
    ? `(${[words.why.parts.vector(vector.toFixed(2)), ...others].join(", ")})`
    : "";
}

/**
 * @param {number} value
 * @param {number} digits
 */
const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

/** @param {Explanation} explanation */
function factsView({ score, parts, raw_score, cosine, route, space, chance }) {
  const { mean, deviation } = chance?.raw ?? {};
  return html`
    <dl class="why-facts">
      <dt>${words.why.score}</dt>
      <dd>${score.toFixed(2)} <span class="why-expected">${partsText(parts)}</span></dd>
      ${route === "words" ? html`<dt>${words.why.bm25}</dt><dd>${raw_score.toFixed(2)}</dd>` : nothing}
      <dt>${words.why.cosine}</dt>
      <dd>
        ${cosine === null ? words.why.noCosine : cosine.toFixed(3)}
        ${
          mean === undefined || deviation === undefined
            ? nothing
            : html`<span class="why-expected">(${words.why.expected(mean.toFixed(3), deviation.toFixed(3))})</span>`
        }
      </dd>
      <dt>${words.why.space}</dt>
      <dd>${space}</dd>
    </dl>
  `;
}

/**
 * @param {Explanation["terms"]} terms
 * @param {State} state
 */
function termsView(terms, { query, known }) {
  const lengths = bars(terms);
  const asked = askedTerms(query);
  return html`
    <table class="why-terms">
      <caption>${words.why.terms}</caption>
      <thead class="hidden">
        <tr><th scope="col">${words.why.term}</th><th scope="col">${words.why.share}</th></tr>
      </thead>
      <tbody>
        ${terms.map(
          ({ index, weight, share }, i) => html`<tr>
            <th scope="row">
              ${asked[index] ? labelOf(changed(query, { terms: [asked[index]] }), known) : index + 1}
              ${Math.abs(weight) === 1 ? nothing : html`<span class="why-weight">${words.why.weight(String(weight).replace("-", "−"))}</span>`}
            </th>
            <td>
              <span class="why-bar">
                <span
                  class="why-length ${lengths[i] < 0 ? "against" : "for"}"
                  .style=${`--length: ${Math.abs(lengths[i])}`}
                ></span>
              </span>
              <span class="why-share">${signed(share, 3)}</span>
            </td>
          </tr>`,
        )}
      </tbody>
    </table>
  `;
}

/** @param {Explanation} explanation */
function wordsView({ words: byWords }) {
  if (byWords === null || byWords.found.length === 0) return nothing;
  return html`<p class="why-words">
    ${byWords.in_name ? words.why.inName : words.why.words}:
    ${byWords.found.map((word) => html`<mark>${word}</mark> `)}
  </p>`;
}
