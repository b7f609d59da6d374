/**
 * The colours of a map as a canvas takes them: those of the style sheet, whatever the theme.
 *
 * @typedef {Readonly<Record<string, string>> & { ink: string, page: string }} Palette
 */

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
    /** @private */
    this.observer = new MutationObserver(changed);
    /** @private */
    this.dark = matchMedia("(prefers-color-scheme: dark)");
  }

  watch() {
    this.observer.observe(document.documentElement, { attributes: true });
    this.dark.addEventListener("change", this.changed);
  }

  unwatch() {
    this.observer.disconnect();
    this.dark.removeEventListener("change", this.changed);
  }

  /** @returns {Palette} */
  read() {
    const colours = this.elements.map((element) => getComputedStyle(element).color);
    const named = Object.fromEntries(NAMES.map((name, i) => [name, colours[i]]));
    return /** @type {Palette} */ (named);
  }
}
