/** Which part of a list is in sight as the page is scrolled and changes its width. */

/** @import { Sight } from "../state/types.js" */

const STEP = 120; // pixels that may be scrolled before anybody is told

/**
 * @param {(sight: Sight) => void} listener
 * @returns {(element: Element | undefined) => void} takes the element that holds the list, as lit's `ref` does
 */
export function sightOf(listener) {
  /** @type {HTMLElement | null} */
  let list = null;
  let last = "";
  const look = () => {
    if (list === null) return;
    const { top, width } = list.getBoundingClientRect();
    const sight = {
      top: Math.floor(-top / STEP) * STEP,
      height: innerHeight,
      width: Math.floor(width),
    };
    const now = JSON.stringify(sight);
    if (now === last) return;
    last = now;
    listener(sight);
  };
  const resized = new ResizeObserver(look);
  addEventListener("scroll", look, { passive: true });
  addEventListener("resize", look);
  return (element) => {
    if (list !== null) resized.unobserve(list);
    list = element instanceof HTMLElement ? element : null;
    last = "";
    if (list !== null) resized.observe(list);
  };
}
