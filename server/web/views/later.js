/** Parts of the page that are loaded when they are first shown, so that the page itself is there sooner. */

import { nothing } from "../vendor/lit-html/lit-html.js";

/** @type {() => void} */
let loaded = () => {};

/** @param {() => void} listener is told when a part is there to be shown */
export function onLoaded(listener) {
  loaded = listener;
}

/**
 * @template M
 * @param {() => Promise<M>} load
 * @returns {{show: (view: (module: M) => unknown) => unknown, bring: () => Promise<void>}} `show`
 *   gives nothing until the module is there; `bring` loads it before it is needed
 */
export function later(load) {
  /** @type {M | null} */
  let module = null;
  /** @type {Promise<void> | null} */
  let loading = null;
  function bring() {
    loading ??= load().then((found) => {
      module = found;
      loaded();
    });
    return loading;
  }
  function show(/** @type {(module: M) => unknown} */ view) {
    if (module !== null) return view(module);
    void bring();
    return nothing;
  }
  return { show, bring };
}
