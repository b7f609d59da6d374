/** One part of the query beside the words in the box, with its weight. */

import { media } from "../../service/media.js";
import { stepped, withoutTerm } from "../../state/asking/terms.js";
import { nameOf } from "../../state/hits/telling.js";
import { MOST_WEIGHT } from "../../state/query.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Term } from "../../state/types.js"
 */

/** @typedef {(change: (weight: number) => number, isPassing: boolean) => void} Weigh */

/** @type {Readonly<Record<string, (weight: number) => number>>} */
const WEIGHT_KEYS = {
  ArrowRight: (weight) => stepped(weight, 1),
  ArrowUp: (weight) => stepped(weight, 1),
  ArrowLeft: (weight) => stepped(weight, -1),
  ArrowDown: (weight) => stepped(weight, -1),
  Home: () => -MOST_WEIGHT,
  End: () => MOST_WEIGHT,
};

/**
 * @param {{term: Term, index: number}} chip
 * @param {State} state
 * @param {Actions} actions
 */
export function chipView({ term, index }, state, actions) {
  const { terms } = state.query;
  const name = chipName(term, state);
  /** @type {Weigh} */
  const weigh = (change, isPassing) => actions.reweigh(index, change, isPassing);
  const isLess = term.weight < 0;
  return html`
    <li class="chip ${isLess ? "less" : ""}">
      ${pictureOf(term, state)}
      <span class="chip-name">${name}</span>
      <span
        class="weight"
        role="slider"
        tabindex="0"
        aria-label=${words.ask.weight(name)}
        aria-valuemin=${-MOST_WEIGHT}
        aria-valuemax=${MOST_WEIGHT}
        aria-valuenow=${term.weight}
        aria-valuetext=${words.ask.weightText(term.weight)}
        title=${words.ask.weightText(term.weight)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => weighByKey(event, weigh)}
        @pointerdown=${(/** @type {PointerEvent} */ event) => weighByHand(event, weigh)}
      >
        <span class="weight-bar" .style=${barStyle(term.weight)}></span>
      </span>
      <button
        type="button"
        class="chip-tool"
        aria-pressed=${isLess}
        title=${words.ask.less}
        aria-label=${words.ask.lessName(name)}
        @click=${() => weigh((weight) => -weight, false)}
      >
        ${icon("minus")}
      </button>
      <button
        type="button"
        class="chip-tool"
        title=${words.ask.drop}
        aria-label=${words.ask.dropName(name)}
        @click=${() => actions.ask({ terms: withoutTerm(terms, index) })}
      >
        ${icon("close")}
      </button>
    </li>
  `;
}

/**
 * @param {Term} term
 * @param {State} state
 */
function chipName(term, { known }) {
  if (term.text !== undefined) return term.text;
  if (term.upload !== undefined) return term.name || words.ask.upload[term.modality ?? "image"];
  const item = known.get(term.like ?? "");
  return item === undefined ? words.ask.item : nameOf(item);
}

/**
 * @param {Term} term
 * @param {State} state
 */
function pictureOf(term, { query, known }) {
  if (term.text !== undefined) return nothing;
  const { collection } = query;
  if (term.upload !== undefined) {
    if (term.modality === "audio") return icon("audio");
    return imageView(media.source(media.uploadPath(collection, term.upload, { w: 160 })));
  }
  const item = known.get(term.like ?? "");
  if (item?.kind !== "image" && item?.kind !== "document") return icon(item?.kind ?? "like");
  const page = item.kind === "document" ? 1 : null;
  return imageView(media.source(media.path(collection, item.id, { w: 160, page })));
}

/** @param {string | null} src */
function imageView(src) {
  return src === null ? icon("image") : html`<img class="chip-picture" alt="" src=${src} />`;
}

/** @param {number} weight */
function barStyle(weight) {
  const share = (Math.abs(weight) / MOST_WEIGHT) * 50;
  return `left: ${weight < 0 ? 50 - share : 50}%; width: ${share}%`;
}

/**
 * @param {KeyboardEvent} event
 * @param {Weigh} weigh
 */
function weighByKey(event, weigh) {
  const change = WEIGHT_KEYS[event.key];
  if (change === undefined) return;
  event.preventDefault();
  weigh(change, true);
}

/**
 * @param {PointerEvent} event
 * @param {Weigh} weigh
 */
function weighByHand(event, weigh) {
  const slider = /** @type {HTMLElement} */ (event.currentTarget);
  const weightAt = (/** @type {PointerEvent} */ { clientX }) => {
    const { left, width } = slider.getBoundingClientRect();
    return ((clientX - left) / width) * 2 * MOST_WEIGHT - MOST_WEIGHT;
  };
  const moved = (/** @type {PointerEvent} */ move) => weigh(() => weightAt(move), true);
  slider.setPointerCapture(event.pointerId);
  slider.addEventListener("pointermove", moved);
  slider.addEventListener(
    "lostpointercapture",
    () => slider.removeEventListener("pointermove", moved),
    { once: true },
  );
  moved(event);
}
