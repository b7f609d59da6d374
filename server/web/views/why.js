/** Why a hit was found: in words, beside what chance gives, and by the parts of the query. */

import "../elements/any-chance.js";
import { bars } from "../state/chance.js";
import { labelOf } from "../state/history.js";
import { oddsOf } from "../state/odds.js";
import { askedTerms, changed } from "../state/query.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";

/**
 * @import { State } from "../state/store.js"
 * @import { Query } from "../state/types.js"
 * @import { Explanation } from "../state/why.js"
 */

/**
 * What explains the hit that was asked about.
 *
 * @param {State} state
 */
export function whyView({ why, query }) {
  if (why === null) return nothing;
  return html`
    <section class="why" aria-labelledby="why-heading" aria-busy=${why.status === "loading"}>
      <h3 id="why-heading">${words.why.heading}</h3>
      <div aria-live="polite">
        ${why.status === "loading" ? html`<p class="why-wait">${words.why.loading}</p>` : nothing}
        ${why.error === null ? nothing : html`<p class="bad">${why.error}</p>`}
        ${why.explanation === null ? nothing : explanationView(why.explanation, query)}
      </div>
    </section>
  `;
}

/**
 * @param {Explanation} explanation
 * @param {Query} query
 */
function explanationView(explanation, query) {
  const { score, modality, chance, terms } = explanation;
  return html`
    <p class="why-plain">${words.why.odds(oddsOf(score).one, words.why.unrelated[modality])}</p>
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
    ${factsView(explanation)} ${terms.length > 1 ? termsView(terms, query) : nothing}
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

/** @param {Explanation} explanation */
function factsView({ score, raw_score, route, space, chance }) {
  const { mean, deviation } = chance?.raw ?? {};
  return html`
    <dl class="why-facts">
      <dt>${words.why.score}</dt>
      <dd>${score.toFixed(2)}</dd>
      <dt>${words.why.raw[route]}</dt>
      <dd>
        ${raw_score.toFixed(3)}
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
 * @param {Query} query
 */
function termsView(terms, query) {
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
              ${asked[index] ? labelOf(changed(query, { terms: [asked[index]] })) : index + 1}
              ${Math.abs(weight) === 1 ? nothing : html`<span class="why-weight">${words.why.weight(String(weight))}</span>`}
            </th>
            <td>
              <span class="why-bar">
                <span
                  class="why-length ${lengths[i] < 0 ? "against" : "for"}"
                  .style=${`--length: ${Math.abs(lengths[i])}`}
                ></span>
              </span>
              <span class="why-share">${share < 0 ? "−" : "+"}${Math.abs(share).toFixed(3)}</span>
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
    ${words.why.words}: ${byWords.found.map((word) => html`<mark>${word}</mark> `)}
  </p>`;
}
