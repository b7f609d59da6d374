/** What is known of the item that is looked at. */

import { media } from "../../service/media.js";
import { toggled } from "../../state/asking/narrowing.js";
import { mayWrite } from "../../state/entering.js";
import { isLookedAt, partsOf } from "../../state/hits/moments.js";
import { factsOf, isFile, placeOf, rarityOf } from "../../state/hits/telling.js";
import { isPlain, rowsOf, valueText } from "../../state/item/metadata.js";
import { hitOf } from "../../state/item/stepping.js";
import { asksNothing } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { closeAround } from "../dialog.js";
import { icon } from "../icons.js";
import { whyView } from "./why.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Hit, HitSegment, Owned } from "../../state/types.js"
 */

const MOST_PARTS = 12;

/**
 * @param {Owned} item
 * @param {State} state
 * @param {Actions} actions
 */
export function asideView(item, state, actions) {
  const hit = hitOf(state, item.id);
  return html`<aside class="aside">
    <p class="kind ${item.kind}">${icon(item.kind)}${words.kind[item.kind]}</p>
    ${toolsView(item, state, actions)} ${hit === undefined ? nothing : foundView(hit, state, actions)}
    ${metadataView(item, state, actions)} ${originView(item, state.detail)}
  </aside>`;
}

/**
 * @param {Owned} item
 * @param {State} state
 * @param {Actions} actions
 */
function toolsView(item, { query, access }, actions) {
  return html`<div class="aside-tools">
    <button type="button" class="button" @click=${() => actions.askLike(item)}>
      ${icon("like")}${words.like}
    </button>
    ${isFile(item) ? fileView(item, query.collection, actions) : nothing}
    ${mayWrite(access) ? removeView(item, actions) : nothing}
  </div>`;
}

/**
 * @param {Owned} item
 * @param {string | null} collection
 * @param {Actions} actions
 */
function fileView(item, collection, actions) {
  const opened = (/** @type {Event} */ event) => {
    // A link cannot send the key: what it leads to is fetched.
    if (!media.hasKey()) return;
    event.preventDefault();
    void actions.openFile(item);
  };
  return html`
    <a
      class="button"
      href=${media.path(collection, item.id)}
      target="_blank"
      rel="noopener"
      @click=${opened}
    >
      ${icon("open")}${words.detail.open}
    </a>
    <button type="button" class="button" @click=${() => actions.copySource(item)}>
      ${icon("copy")}${words.detail.copy}
    </button>
  `;
}

/**
 * @param {Owned} item
 * @param {Actions} actions
 */
function removeView({ id }, actions) {
  const remove = (/** @type {Event} */ event) => {
    closeAround(event);
    actions.remove([id]);
  };
  return html`<button type="button" class="button bad" @click=${remove}>${words.remove.button}</button>`;
}

/**
 * @param {Hit} hit
 * @param {State} state
 * @param {Actions} actions
 */
function foundView(hit, state, actions) {
  if (hit.score === undefined) return nothing;
  const [score = "", ...facts] = factsOf(hit);
  const parts = partsOf(hit).slice(0, MOST_PARTS);
  return html`
    <section class="found">
      <p>${words.detail.score(score, rarityOf(hit.score))}</p>
      <p class="soft">${facts.join(" · ")}</p>
      ${
        state.why?.id === hit.id || asksNothing(state.query)
          ? whyView(state)
          : html`<button type="button" class="plain" @click=${() => actions.explain(hit.id)}>
              ${words.detail.why}
            </button>`
      }
    </section>
    ${
      parts.length < 2
        ? nothing
        : html`<section>
            <h3>${words.detail.parts}</h3>
            <ul class="parts">
              ${parts.map((part) => partView(part, hit, state, actions))}
            </ul>
          </section>`
    }
  `;
}

/**
 * @param {HitSegment} part
 * @param {Hit} hit
 * @param {State} state
 * @param {Actions} actions
 */
function partView(part, hit, { place }, actions) {
  const look = () => {
    actions.lookAt(part);
    if (hit.kind === "audio") actions.play({ ...hit, ...part });
  };
  const kind = part.start === null ? words.detail.part.whole : words.detail.part[part.modality];
  return html`<li>
    <button type="button" class="part" aria-current=${isLookedAt(part, place)} @click=${look}>
      <span class="part-name">${placeOf({ ...part, moments: [] }) || part.text?.slice(0, 60) || kind}</span>
      <span class="soft">${part.score.toFixed(2)}</span>
    </button>
  </li>`;
}

/**
 * @param {Owned} item
 * @param {State} state
 * @param {Actions} actions
 */
function metadataView({ metadata }, { query }, actions) {
  const rows = rowsOf(metadata);
  if (rows.length === 0) return nothing;
  return html`<section>
    <h3>${words.detail.metadata}</h3>
    <dl class="metadata">
      ${rows.map(({ name, value }) => {
        const text = valueText(value);
        const filter = () =>
          isPlain(value) && actions.ask({ where: toggled(query.where, name, value), item: null });
        return html`<dt>${name}</dt>
          <dd>
            ${
              isPlain(value)
                ? html`<button
                    type="button"
                    class="value"
                    title=${words.detail.filter(`${name} = ${text}`)}
                    @click=${filter}
                  >
                    ${text}
                  </button>`
                : text
            }
          </dd>`;
      })}
    </dl>
  </section>`;
}

/**
 * @param {Owned} item
 * @param {State["detail"]} detail
 */
function originView({ id, source }, detail) {
  const added = detail === null ? null : new Date(detail.added_at * 1000);
  return html`<section>
    <dl class="metadata">
      <dt>${words.detail.source}</dt>
      <dd class="path">${source}</dd>
      ${
        detail === null || detail.aliases.length === 0
          ? nothing
          : html`<dt>${words.detail.aliases}</dt>
              ${detail.aliases.map((alias) => html`<dd class="path">${alias}</dd>`)}`
      }
      ${added === null ? nothing : html`<dt>${words.detail.added}</dt><dd>${added.toLocaleString()}</dd>`}
      <dt>${words.detail.id}</dt>
      <dd class="path">${id}</dd>
    </dl>
  </section>`;
}
