/** Where the page is scrolled to. The page looks after it itself, as its hits come later than its address. */

history.scrollRestoration = "manual";

export const scroll = {
  /** @returns {number} pixels from the top */
  top: () => scrollY,

  /**
   * Scrolls there when what the state says by now is shown.
   * @param {number} top
   */
  to(top) {
    requestAnimationFrame(() => scrollTo({ top, behavior: "instant" }));
  },
};
