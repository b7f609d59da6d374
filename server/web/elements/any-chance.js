/**
 * `<any-chance>`: the scores that chance gives a query, and where a hit stands among them.
 *
 * Bars are the scores of unrelated items, the line is the hit. The same is said as a text.
 */

import { endOfAxis, histogram } from "../state/item/chance.js";
import { html, render, svg } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";

const [WIDTH, HEIGHT] = [480, 132];
const [TOP, BASE] = [22, 104]; // of the bars
const SIDE = 8; // free at both ends
const EDGE = 90; // near an end a label stands inside of it

export class AnyChance extends HTMLElement {
  constructor() {
    super();
    /** @private */
    this.score = 0;
    /** @private @type {readonly number[]} */
    this.sample = [];
  }

  /** What is shown. @param {{ score: number, sample: readonly number[] }} chance */
  set chance({ score, sample }) {
    this.score = score;
    this.sample = sample;
    if (this.isConnected) this.draw();
  }

  connectedCallback() {
    this.draw();
  }

  /** @private */
  draw() {
    const { score, sample } = this;
    const end = endOfAxis(score, sample);
    const at = (/** @type {number} */ value) => SIDE + (value / end) * (WIDTH - 2 * SIDE);
    const reach = sample.filter((value) => value >= score).length;
    const text = words.why.chanceText(score.toFixed(1), reach, sample.length);
    render(
      html`
        <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${text}>
          ${barsOf(sample, end, at)} ${axisOf(end, at)} ${markOf(score, at)}
        </svg>
        <p class="chance-text">${text}</p>
      `,
      this,
    );
  }
}

/**
 * @param {readonly number[]} sample
 * @param {number} end
 * @param {(value: number) => number} at
 */
function barsOf(sample, end, at) {
  const heights = histogram(sample, end);
  const step = end / heights.length;
  return heights.map((height, i) => {
    const [x, tall] = [at(i * step), height * (BASE - TOP)];
    return svg`<rect class="chance-bar" x=${x + 0.5} y=${BASE - tall} width=${at((i + 1) * step) - x - 1} height=${tall} />`;
  });
}

/**
 * @param {number} end
 * @param {(value: number) => number} at
 */
function axisOf(end, at) {
  const steps = Math.ceil(end / 8); // that the numbers have room
  const numbers = Array.from({ length: Math.floor(end / steps) + 1 }, (_, i) => i * steps);
  return svg`
    <line class="chance-axis" x1=${at(0)} x2=${at(end)} y1=${BASE} y2=${BASE} />
    ${numbers.map(
      (value) => svg`
        <line class="chance-axis" x1=${at(value)} x2=${at(value)} y1=${BASE} y2=${BASE + 4} />
        <text class="chance-number" x=${at(value)} y=${BASE + 20} text-anchor="middle">${value}</text>`,
    )}
  `;
}

/**
 * @param {number} score
 * @param {(value: number) => number} at
 */
function markOf(score, at) {
  const x = at(Math.max(score, 0));
  const isAtEnd = x > WIDTH - EDGE;
  const anchor = isAtEnd ? "end" : "start";
  return svg`
    <line class="chance-mark" x1=${x} x2=${x} y1=${TOP - 12} y2=${BASE} />
    <circle class="chance-dot" cx=${x} cy=${BASE} r="5" />
    <text class="chance-label" x=${x + (isAtEnd ? -8 : 8)} y=${TOP - 4} text-anchor=${anchor}>
      ${words.why.here(score.toFixed(1))}
    </text>
  `;
}

customElements.define("any-chance", AnyChance);
