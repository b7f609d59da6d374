/** The one thing of the page that changes: its state, and who wants to know of changes. */

import { EMPTY } from "./query.js";

/**
 * @import { Access, CollectionFacts, Field, Item, Query, Results } from "./types.js"
 * @import { Notice } from "./notices.js"
 */

/**
 * @typedef {object} State
 * @property {Query} query
 * @property {Results} results
 * @property {Access | null} access null until it is known
 * @property {readonly CollectionFacts[]} collections
 * @property {readonly Field[]} fields
 * @property {ReadonlySet<string>} selection the ids of the hits that are marked
 * @property {Item | null} detail the item that is looked at, once it has come
 * @property {readonly object[]} jobs
 * @property {readonly object[]} progress what is being built
 * @property {object | null} map
 * @property {readonly Notice[]} notices
 */

/** @type {Results} */
export const NO_RESULTS = Object.freeze({
  hits: Object.freeze([]),
  state: null,
  nextCursor: null,
  noMatch: false,
  tookMs: null,
  status: "idle",
  isGrowing: false,
  error: null,
});

/** @type {State} */
export const INITIAL = Object.freeze({
  query: EMPTY,
  results: NO_RESULTS,
  access: null,
  collections: [],
  fields: [],
  selection: new Set(),
  detail: null,
  jobs: [],
  progress: [],
  map: null,
  notices: [],
});

/**
 * @template S
 * @typedef {object} Store
 * @property {() => S} get
 * @property {(patch: Partial<S>) => void} set replaces these values and tells everyone
 * @property {(listener: (state: S) => void) => () => void} subscribe gives what ends it
 */

/**
 * @template S
 * @param {S} initial
 * @returns {Store<S>}
 */
export function createStore(initial) {
  let state = initial;
  /** @type {Set<(state: S) => void>} */
  const listeners = new Set();
  return {
    get: () => state,
    set(patch) {
      state = { ...state, ...patch };
      for (const listener of listeners) listener(state);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
