/** The keys of the grid: arrows lead to the hit that lies there. */

import { neighbour } from "../state/layout.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/** @type {Readonly<Record<string, "left" | "right" | "up" | "down" | "first" | "last">>} */
const DIRECTIONS = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};
const MARGIN = 90; // what the top bar covers, in pixels

/**
 * @param {KeyboardEvent} event
 * @param {State} state
 * @param {Actions} actions
 */
export function gridKey(event, state, actions) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const direction = DIRECTIONS[event.key];
  const hit = state.results.hits[state.focus];
  if (direction !== undefined) {
    event.preventDefault();
    goTo(neighbour(actions.layout(), state.focus, direction), actions);
  } else if (event.key === "m" && hit !== undefined) {
    event.preventDefault();
    actions.askLike(hit);
  } else if (event.key === "p" && hit?.kind === "audio") {
    event.preventDefault();
    actions.togglePlay(hit);
  }
}

/**
 * Brings a hit into sight and gives it the focus.
 * @param {number} index
 * @param {Actions} actions
 */
export function goTo(index, actions) {
  actions.focusOn(index);
  const box = actions.layout().boxes[index];
  const grid = document.querySelector(".grid");
  if (box === undefined || grid === null) return;
  const top = grid.getBoundingClientRect().top + box.y;
  const bottom = top + box.height;
  if (top < MARGIN) scrollBy({ top: top - MARGIN, behavior: "instant" });
  else if (bottom > innerHeight) scrollBy({ top: bottom - innerHeight + 16, behavior: "instant" });
  // A hit that was far away is there when its rows are shown: two frames from now.
  requestAnimationFrame(() => requestAnimationFrame(() => focusHit(index)));
}

/** @param {number} index */
export function focusHit(index) {
  const link = document.querySelector(`.grid [data-index="${index}"]`);
  if (link instanceof HTMLElement) link.focus({ preventScroll: true });
}
