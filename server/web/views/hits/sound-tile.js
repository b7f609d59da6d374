/** A sound: its curve, with the part that matched, and a button that plays from there. */

import { spansOf, startOf } from "../../state/hits/spans.js";
import { nameOf, placeOf } from "../../state/hits/telling.js";
import { clock } from "../../state/times.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";
import { factsLine } from "./facts.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Hit } from "../../state/types.js"
 * @import { Tile } from "./tile.js"
 */

/**
 * @param {Tile} tile
 * @param {State} state
 * @param {Actions} actions
 */
export function soundBody({ hit, index }, state, actions) {
  const { curve = null } = state.peeks.get(hit.id) ?? {};
  const playing = state.playing?.id === hit.id ? state.playing : null;
  const isRunning = playing !== null && !playing.isPaused;
  const name = nameOf(hit);
  const sought = (/** @type {CustomEvent<{seconds: number}>} */ event) =>
    actions.play(hit, event.detail.seconds);
  return html`
    <div class="sound-row">
      <button
        type="button"
        class="play"
        tabindex=${index === state.focus ? 0 : -1}
        aria-label=${isRunning ? words.sound.pause(name) : words.sound.play(name)}
        @click=${() => actions.togglePlay(hit)}
      >
        ${icon(isRunning ? "pause" : "play")}
      </button>
      <any-waveform
        role="img"
        aria-label=${curveLabel(hit, curve)}
        .curve=${curve}
        .spans=${spansOf(hit)}
        .at=${playing?.seconds ?? null}
        @seek=${sought}
      ></any-waveform>
    </div>
    ${hit.text ? html`<p class="said">${hit.text}</p>` : nothing}
    <div class="foot">
      <span class="name">${icon("audio")}${name}</span>
      <span class="place">${timeOf(hit, curve, playing)}</span>
      ${factsLine(hit)}
    </div>
  `;
}

/**
 * @param {Hit} hit
 * @param {{seconds: number} | null} curve
 */
function curveLabel(hit, curve) {
  const length =
    curve === null ? words.sound.noCurve : words.sound.curve(clock(Math.ceil(curve.seconds)));
  const place = placeOf(hit);
  return [length, place && words.sound.match(place)].filter((part) => part !== "").join("; ");
}

/**
 * @param {Hit} hit
 * @param {{seconds: number} | null} curve
 * @param {{seconds: number} | null} playing
 */
function timeOf(hit, curve, playing) {
  if (playing !== null) {
    return `${clock(playing.seconds)}${curve === null ? "" : ` / ${clock(Math.ceil(curve.seconds))}`}`;
  }
  const isPart =
    curve !== null && startOf(hit) + (hit.end ?? 0) > 0 && curve.seconds > (hit.end ?? 0) + 1;
  if (isPart || startOf(hit) > 0) return placeOf(hit);
  return curve === null ? placeOf(hit) : clock(Math.ceil(curve.seconds));
}
