/** Where the page is scrolled to. The page looks after it itself, as its hits come later than its address. */

/** @import { Box } from "../state/hits/layout.js" */

const BELOW = 16; // pixels that stay free under what is brought into sight

/** @type {(run: () => void) => void} */
const whenShown = (run) => requestAnimationFrame(() => requestAnimationFrame(run));

export const scroll = {
  /** Scrolling on going back is the page's, not the browser's. */
  begin() {
    history.scrollRestoration = "manual";
  },

  /** @returns {number} pixels from the top */
  top: () => scrollY,

  /**
   * Scrolls there when what the state says by now is shown.
   * @param {number} top
   */
  to(top) {
    requestAnimationFrame(() => scrollTo({ top, behavior: "instant" }));
  },

  /**
   * Brings a hit of the grid into sight and gives it the focus.
   * @param {number} index
   * @param {Box} box where it lies in the grid
   */
  toHit(index, { y, height }) {
    const grid = document.querySelector(".grid");
    if (grid === null) return;
    const above = document.querySelector(".top")?.getBoundingClientRect().bottom ?? 0;
    const top = grid.getBoundingClientRect().top + y;
    const bottom = top + height + BELOW;
    if (top < above) scrollBy({ top: top - above - BELOW, behavior: "instant" });
    else if (bottom > innerHeight) scrollBy({ top: bottom - innerHeight, behavior: "instant" });
    // A hit that was far away is there when its rows are shown.
    whenShown(() => {
      const link = grid.querySelector(`[data-index="${index}"]`);
      if (link instanceof HTMLElement) link.focus({ preventScroll: true });
    });
  },
};
