/** `<any-waveform>`: the loudness of a sound over its time, with the parts that matched. */

import { onTheme } from "./theme.js";

/**
 * @typedef {{seconds: number, peaks: readonly number[]}} Curve
 * @typedef {{start: number, end: number}} Span
 */

const [BAR, SPACE] = [2, 1.5];
const QUIETEST = 0.04; // of the height: silence is seen, too

/** @fires seek with `detail.seconds`, where somebody pointed at */
export class AnyWaveform extends HTMLElement {
  /** @type {Curve | null} */
  #curve = null;
  /** @type {readonly Span[]} */
  #spans = [];
  /** @type {number | null} */
  #at = null;
  #canvas = document.createElement("canvas");
  #resized = new ResizeObserver(() => this.#draw());
  /** @type {() => void} */
  #endTheme = () => {};

  constructor() {
    super();
    this.addEventListener("click", (event) => this.#point(event));
  }

  connectedCallback() {
    this.append(this.#canvas);
    this.#resized.observe(this);
    this.#endTheme = onTheme(() => this.#draw());
  }

  disconnectedCallback() {
    this.#resized.disconnect();
    this.#endTheme();
  }

  /** @param {Curve | null} curve */
  set curve(curve) {
    if (curve === this.#curve) return;
    this.#curve = curve;
    this.#draw();
  }

  /** @param {readonly Span[]} spans the parts that matched, the best first */
  set spans(spans) {
    if (JSON.stringify(spans) === JSON.stringify(this.#spans)) return;
    this.#spans = spans;
    this.#draw();
  }

  /** @param {number | null} seconds where it plays; null: it does not */
  set at(seconds) {
    if (seconds === this.#at) return;
    this.#at = seconds;
    this.#draw();
  }

  /** @param {MouseEvent} event */
  #point(event) {
    if (this.#curve === null) return;
    const { left, width } = this.getBoundingClientRect();
    const seconds = ((event.clientX - left) / width) * this.#curve.seconds;
    this.dispatchEvent(new CustomEvent("seek", { detail: { seconds }, bubbles: true }));
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this;
    const context = this.#canvas.getContext("2d");
    if (context === null || width === 0 || height === 0) return;
    const density = devicePixelRatio;
    this.#canvas.width = Math.round(width * density);
    this.#canvas.height = Math.round(height * density);
    context.scale(density, density);
    const style = getComputedStyle(this);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name);
    this.#drawSpans(context, width, height, colour("--wave-span"));
    this.#drawBars(context, width, height, (isPlayed, isMatch) => {
      if (isPlayed) return colour("--wave-played");
      return colour(isMatch ? "--wave-match" : "--wave");
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   * @param {string} colour
   */
  #drawSpans(context, width, height, colour) {
    const seconds = this.#curve?.seconds ?? 0;
    if (seconds === 0 || this.#isWhole()) return;
    context.fillStyle = colour;
    for (const { start, end } of this.#spans) {
      const left = (start / seconds) * width;
      context.beginPath();
      context.roundRect(left, 0, Math.max(3, (end / seconds) * width - left), height, 4);
      context.fill();
    }
  }

  /** Whether the whole sound matched, so that no part of it is worth showing. */
  #isWhole() {
    const seconds = this.#curve?.seconds ?? 0;
    return this.#spans.every(({ start, end }) => end - start >= seconds * 0.95);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   * @param {(isPlayed: boolean, isMatch: boolean) => string} colourOf
   */
  #drawBars(context, width, height, colourOf) {
    const { seconds, peaks } = this.#curve ?? { seconds: 0, peaks: [] };
    const bars = Math.floor(width / (BAR + SPACE));
    const loudest = Math.max(0.05, ...peaks);
    const isWhole = this.#isWhole();
    for (let bar = 0; bar < bars; bar++) {
      const share = loudestIn(peaks, bar / bars, (bar + 1) / bars) / loudest;
      const second = ((bar + 0.5) / bars) * seconds;
      const isMatch =
        !isWhole && this.#spans.some(({ start, end }) => start <= second && second < end);
      context.fillStyle = colourOf(this.#at !== null && second <= this.#at, isMatch || isWhole);
      const tall = Math.max(QUIETEST, share ** 0.7) * (height - 4);
      context.beginPath();
      context.roundRect(bar * (BAR + SPACE), (height - tall) / 2, BAR, tall, 1);
      context.fill();
    }
  }
}

/**
 * @param {readonly number[]} peaks
 * @param {number} from a share of the whole
 * @param {number} to
 */
function loudestIn(peaks, from, to) {
  const first = Math.floor(from * peaks.length);
  const end = Math.max(first + 1, Math.ceil(to * peaks.length));
  return Math.max(0, ...peaks.slice(first, end));
}

customElements.define("any-waveform", AnyWaveform);
