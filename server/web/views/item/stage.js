/** The item itself, as large as there is room: a picture, a sound, a page, a text to read. */

import { media } from "../../service/media.js";
import { clipAt, pictureOf } from "../../state/hits/moments.js";
import { spansOf, startOf } from "../../state/hits/spans.js";
import { nameOf } from "../../state/hits/telling.js";
import { hasPages, isAnimation } from "../../state/hits/tiles.js";
import { hitOf } from "../../state/item/stepping.js";
import { clock } from "../../state/times.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";
import { readingView } from "./reading.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
 * @import { Hit, Owned } from "../../state/types.js"
 */

const STEP = 5; // seconds that a key goes on in a sound

/**
 * @param {Owned} item
 * @param {State} state
 * @param {Actions} actions
 */
export function stageView(item, state, actions) {
  if (item.kind === "audio") return soundView(item, state, actions);
  if (item.kind === "text") return readingView(state, actions);
  if (isAnimation(item)) return animationView(item, state);
  if (item.kind === "video") return videoView(item, state);
  if (item.kind === "image") return pictureView(item, state);
  return html`
    ${hasPages(item.source) ? pictureView(item, state) : nothing} ${readingView(state, actions)}
  `;
}

/**
 * @param {Owned} item
 * @param {State} state
 */
function pictureView(item, state) {
  const { query, place } = state;
  const part = pictureOf({ kind: item.kind, page: place?.page ?? null });
  return figureView(item, state, media.thumbnail(query.collection, item.id, 1280, part), part);
}

/**
 * An animated picture, as it moves.
 *
 * @param {Owned} item
 * @param {State} state
 */
function animationView(item, state) {
  const src = media.source(media.path(state.query.collection, item.id));
  return figureView(item, state, { src, srcset: null }, {});
}

/**
 * @param {Owned} item
 * @param {State} state
 * @param {{src: string | null, srcset: string | null}} large
 * @param {{page?: number, start?: number}} part that is shown small until then
 */
function figureView(item, { query, place }, large, part) {
  const { collection } = query;
  const small = media.thumbnail(collection, item.id, 320, part).src;
  if (large.src === null) return html`<p class="soft">${words.hits.loading}</p>`;
  const failed = (/** @type {Event} */ event) =>
    /** @type {HTMLElement} */ (event.target).closest(".view")?.classList.add("broken");
  const shape = media.shape(collection, item.id);
  return html`<figure class="view" .style=${shape === undefined ? "" : `--shape: ${shape}`}>
    <img
      alt=${nameOf(item)}
      src=${large.src}
      srcset=${large.srcset ?? nothing}
      .style=${small === null ? "" : `background-image: url("${small}")`}
      @error=${failed}
    />
    ${boxView(place?.box ?? null)}
    <figcaption class="missing">${words.detail.noPicture}</figcaption>
  </figure>`;
}

/** @param {readonly number[] | null} box left, top, right and bottom, as shares of the picture */
function boxView(box) {
  if (box === null) return nothing;
  const [left = 0, top = 0, right = 1, bottom = 1] = box.map((share) => share * 100);
  return html`<span
    class="found-box"
    .style=${`left: ${left}%; top: ${top}%; width: ${right - left}%; height: ${bottom - top}%`}
  ></span>`;
}

/**
 * A video from the second that is looked at. With a key it would have to be fetched as a whole, and
 * not every browser plays every format: then it is the clip of that moment.
 *
 * @param {Owned} item
 * @param {State} state
 */
function videoView(item, state) {
  const { collection } = state.query;
  const start = startOf(state.place ?? {});
  const clip = media.path(collection, item.id, clipAt(hitOf(state, item.id), start));
  const whole = `${media.path(collection, item.id)}#t=${start}`;
  const src = media.hasKey() ? media.source(clip) : whole;
  if (src === null) return html`<p class="soft">${words.hits.loading}</p>`;
  const failed = (/** @type {Event} */ event) => {
    const video = /** @type {HTMLVideoElement} */ (event.target);
    if (video.getAttribute("src") === whole) video.src = clip;
  };
  return html`<video
    class="view"
    controls
    preload="metadata"
    aria-label=${nameOf(item)}
    poster=${media.thumbnail(collection, item.id, 1280, { start }).src ?? nothing}
    src=${src}
    @error=${failed}
  ></video>`;
}

/**
 * @param {Owned} item
 * @param {State} state
 * @param {Actions} actions
 */
function soundView(item, state, actions) {
  /** @type {Hit} */
  const hit = hitOf(state, item.id) ?? { ...item, segments: [] };
  const { curve = null } = state.peeks.get(item.id) ?? {};
  const playing = state.playing?.id === item.id ? state.playing : null;
  const isRunning = playing !== null && !playing.isPaused;
  const name = nameOf(item);
  const seconds = playing?.seconds ?? startOf(state.place ?? hit);
  const goTo = (/** @type {number} */ to) =>
    actions.play(item, Math.max(0, Math.min(to, (curve?.seconds ?? to) - 0.1)));
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const to = { ArrowLeft: seconds - STEP, ArrowRight: seconds + STEP, Home: 0 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    goTo(to);
  };
  return html`<div class="listen">
    <any-waveform
      role="slider"
      tabindex="0"
      aria-label=${words.sound.position}
      aria-valuemin="0"
      aria-valuemax=${Math.round(curve?.seconds ?? 0)}
      aria-valuenow=${Math.round(seconds)}
      aria-valuetext=${clock(seconds)}
      .curve=${curve}
      .spans=${spansOf(hit)}
      .at=${playing?.seconds ?? null}
      @seek=${(/** @type {CustomEvent<{seconds: number}>} */ event) => goTo(event.detail.seconds)}
      @keydown=${pressed}
    ></any-waveform>
    <div class="listen-row">
      <button
        type="button"
        class="play"
        aria-label=${isRunning ? words.sound.pause(name) : words.sound.play(name)}
        @click=${() => actions.togglePlay({ ...item, ...state.place })}
      >
        ${icon(isRunning ? "pause" : "play")}
      </button>
      <span class="place">${clock(seconds)}${curve === null ? "" : ` / ${clock(Math.ceil(curve.seconds))}`}</span>
    </div>
    ${hit.text ? html`<p class="said-whole">${hit.text}</p>` : nothing}
  </div>`;
}
