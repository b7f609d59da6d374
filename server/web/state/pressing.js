/** Keys that work wherever one is on the page. */

import { mayWrite } from "./entering.js";
import { asksNothing } from "./query.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { State } from "./store.js"
 *
 * @typedef {object} Pressed a key, and where it was pressed
 * @property {string} key
 * @property {boolean} shiftKey
 * @property {boolean} isPlain without Ctrl, Alt or Meta
 * @property {boolean} isTyping in a field
 * @property {boolean} isLoose where nothing has the focus
 * @property {string | null} id of the hit that has the focus
 */

/**
 * Do what a key stands for.
 *
 * @param {Pressed} pressed
 * @param {State} state
 * @param {Actions} actions
 * @param {() => void} toBox puts the focus in the box
 * @returns {boolean} whether it stands for anything here
 */
export function press(pressed, state, actions, toBox) {
  const { key, isPlain, isTyping, id } = pressed;
  if (!isPlain || isTyping || state.dialog !== null || state.query.item !== null) return false;
  const ofPage = state.hasKeys ? keysOfPage(state, actions, toBox) : {};
  const run =
    ofPage[key] ??
    keysOfNothing(pressed, state, actions)[key] ??
    (id && keysOfHit(pressed, id, state, actions)[key]);
  if (!run) return false;
  run();
  return true;
}

/**
 * @param {State} state
 * @param {Actions} actions
 * @param {() => void} toBox
 * @returns {Record<string, () => void>}
 */
function keysOfPage({ query, selection }, actions, toBox) {
  const other = query.view === "map" ? "grid" : "map";
  return {
    "/": toBox,
    "?": () => actions.openDialog("keys"),
    u: () => actions.undo(),
    v: () => actions.ask({ view: other }),
    ...(selection.size > 0 && { Escape: actions.selectNone }),
  };
}

/**
 * Left and right lead to the hits, so that they can be used before one of them has the focus.
 *
 * @param {Pressed} pressed
 * @param {State} state
 * @param {Actions} actions
 * @returns {Record<string, () => void>}
 */
function keysOfNothing({ isLoose }, { query, results, focus }, actions) {
  if (!isLoose || query.view === "map" || results.hits.length === 0) return {};
  const toHits = () => actions.goToHit(focus);
  return { ArrowLeft: toHits, ArrowRight: toHits };
}

/**
 * @param {Pressed} pressed
 * @param {string} id
 * @param {State} state
 * @param {Actions} actions
 * @returns {Record<string, () => void>}
 */
function keysOfHit({ shiftKey }, id, { access, query, results, selection }, actions) {
  const select = () => actions.select(id, shiftKey);
  const remove = () => {
    const place = results.hits.findIndex((hit) => hit.id === id);
    const isLast = place === results.hits.length - 1;
    actions.remove(selection.has(id) ? [...selection] : [id]);
    actions.goToHit(isLast ? place - 1 : place); // so that the focus stays near
  };
  return {
    x: select,
    X: select,
    ...(!asksNothing(query) && { w: () => actions.openWhy(id) }),
    ...(mayWrite(access) && { Delete: remove }),
  };
}
