/** The keys of the grid: arrows lead to the hit that lies there. */

import { neighbour } from "../../state/hits/layout.js";

/**
 * @import { Actions } from "../../state/actions.js"
 * @import { State } from "../../state/store.js"
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
    actions.goToHit(neighbour(actions.layout(), state.focus, direction));
  } else if (event.key === "m" && hit !== undefined) {
    event.preventDefault();
    actions.askLike(hit);
  } else if (event.key === "p" && hit?.kind === "audio") {
    event.preventDefault();
    actions.togglePlay(hit);
  }
}
