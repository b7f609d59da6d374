/**
 * The colours of a map in numbers: those of the style sheet, whatever the theme.
 *
 * @import { Colour } from "../state/map/raster.js"
 *
 * @typedef {Readonly<Record<string, Colour>> & { ink: Colour, page: Colour }} Palette
 */

import { onTheme } from "./theme.js";

const NAMES = ["image", "audio", "text", "video", "document", "ink", "page"];

export class MapPalette {
  /** @param {() => void} changed told when the theme is another one */
  constructor(changed) {
    this.elements = NAMES.map((name) => {
      const element = document.createElement("span");
      element.hidden = true;
      element.style.color = `var(--${name})`;
      return element;
    });
    /** @private */
    this.changed = changed;
    this.unwatch = () => {};
    /** @private @type {{ key: string, palette: Palette } | null} */
    this.known = null;
  }

  watch() {
    this.unwatch = onTheme(this.changed);
  }

  /** @returns {Palette} */
  read() {
    const colours = this.elements.map((element) => getComputedStyle(element).color);
    const key = colours.join(";");
    if (this.known?.key !== key) this.known = { key, palette: this.measure(colours) };
    return this.known.palette;
  }

  /**
   * What colours are in numbers, however they are written.
   *
   * @private
   * @param {readonly string[]} colours
   */
  measure(colours) {
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const named = NAMES.map((name, i) => {
      if (!context) return [name, [127, 127, 127]];
      context.fillStyle = colours[i];
      context.fillRect(0, 0, 1, 1);
      return [name, [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)]];
    });
    return /** @type {Palette} */ (Object.fromEntries(named));
  }
}
