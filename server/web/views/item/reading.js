/** A text to read: the passage that matched in its surroundings, and the parts before and after. */

import { flowing } from "../../state/hits/flowing.js";
import { nextPart } from "../../state/item/reading.js";
import { ref } from "../../vendor/lit-html/directives/ref.js";
import { repeat } from "../../vendor/lit-html/directives/repeat.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { headingView, markedText } from "../hits/passage-tile.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Segment } from "../../state/types.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function readingView(state, actions) {
  const { reading } = state;
  if (reading === null || reading.passages.length === 0) return nothing;
  const { passages } = reading;
  return html`<div class="reading">
    ${
      nextPart(reading, -1) !== null
        ? html`<button type="button" class="plain" @click=${() => actions.readOn(-1)}>
            ${words.detail.earlier}
          </button>`
        : nothing
    }
    ${repeat(
      passages,
      (passage) => passage.id,
      (passage, at) => passageView(passage, passages[at - 1], state),
    )}
    ${
      nextPart(reading, 1) !== null
        ? html`<button type="button" class="plain" @click=${() => actions.readOn(1)}>
            ${words.detail.later}
          </button>`
        : nothing
    }
  </div>`;
}

/**
 * @param {Segment} passage
 * @param {Segment | undefined} before
 * @param {State} state
 */
function passageView(passage, before, { place, query, detail }) {
  const isNew = passage.heading.join("\n") !== (before?.heading ?? []).join("\n");
  const isFound = place?.unit === passage.unit && place?.start === passage.start;
  const text = passage.text ?? "";
  return html`
    ${isNew ? headingView(passage.heading) : nothing}
    <p class=${isFound ? "read found" : "read"} ${isFound && detail?.kind === "text" ? ref(bringIntoSight) : nothing}
      >${isFound ? markedText(text, query) : flowing(text)}</p
    >
  `;
}

/** @param {Element | undefined} element */
function bringIntoSight(element) {
  requestAnimationFrame(() => {
    const isTall = (element?.clientHeight ?? 0) > innerHeight / 2;
    element?.scrollIntoView({ block: isTall ? "start" : "center", behavior: "instant" });
  });
}
