/** All that a person can do, as functions that change the state. Each room of actions has its file. */

import { askingActions } from "./asking.js";
import { lookingActions } from "./looking.js";

/**
 * @import { Service } from "../service/service.js"
 * @import { State, Store } from "./store.js"
 * @typedef {ReturnType<typeof createActions>} Actions
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 */
export function createActions(store, service) {
  return { ...askingActions(store, service), ...lookingActions(store, service) };
}
