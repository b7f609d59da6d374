/** The one thing of the page that changes: its state, and who wants to know of changes. */

import { EMPTY } from "./query.js";

/**
 * @import { Access, CollectionFacts, Field, Hit, Item, Modality, Owned, Peek, Place, Query, Results, Sight } from "./types.js"
 * @import { Adding } from "./changes/adding.js"
 * @import { Entry } from "./asking/history.js"
 * @import { Mapping } from "./map/mapping.js"
 * @import { Notice } from "./notices.js"
 * @import { Reading } from "./item/reading.js"
 * @import { DialogName, Theme } from "./showing.js"
 * @import { Build, Job } from "./changes/watching.js"
 * @import { Why } from "./item/why.js"
 * @import { Playing } from "../service/player.js"
 */

/**
 * @typedef {object} State
 * @property {Query} query
 * @property {Results} results
 * @property {Access | null} access null until it is known
 * @property {readonly CollectionFacts[]} collections
 * @property {readonly Field[]} fields
 * @property {ReadonlySet<string>} selection the ids of the hits that are marked
 * @property {Sight} sight
 * @property {number} focus the index of the hit that the keyboard is at
 * @property {ReadonlyMap<string, Peek>} peeks by id
 * @property {Playing | null} playing
 * @property {boolean} showsFacts whether each hit tells its score and where that is from
 * @property {ReadonlyMap<string, Owned>} known the items that the query is like, by id
 * @property {number} sending so many files that one searches by are on their way
 * @property {number | null} recorded seconds of the recording that is being made
 * @property {boolean} isDropping whether files are being held over the page
 * @property {boolean} isNarrowing whether the filters are open
 * @property {Omit<Item, "segments"> | null} detail the item that is looked at, once it has come
 * @property {Place | null} place the part of it that is looked at
 * @property {Partial<Record<Modality, readonly Hit[]>>} neighbours what is most like it
 * @property {Reading | null} reading its passages, of a text
 * @property {Why | null} why what explains a hit
 * @property {Mapping} mapping the map
 * @property {readonly Adding[]} adding files
 * @property {readonly Job[]} jobs that are under way
 * @property {readonly Build[]} progress what is being built
 * @property {number} fresh so many items are new since the hits were shown
 * @property {readonly Entry[]} past what was asked on this machine
 * @property {boolean} isSuggesting whether it is shown under the box
 * @property {boolean} isRemembering whether that is kept
 * @property {{ isTrying: boolean, error: string | null }} entry how a key that was given is taken
 * @property {DialogName | null} dialog what is open over the page, beside an item
 * @property {Theme} theme
 * @property {boolean} hasKeys whether keys of the whole page work; those of what has the focus do
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

/** @type {Mapping} */
export const NO_MAPPING = Object.freeze({
  status: "idle",
  collection: null,
  space: null,
  columns: null,
  without: new Set(),
  looked: null,
  near: Object.freeze([]),
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
  sight: { top: 0, height: 0, width: 0 },
  focus: 0,
  peeks: new Map(),
  playing: null,
  showsFacts: false,
  known: new Map(),
  sending: 0,
  recorded: null,
  isDropping: false,
  isNarrowing: false,
  detail: null,
  place: null,
  neighbours: {},
  reading: null,
  why: null,
  mapping: NO_MAPPING,
  adding: [],
  jobs: [],
  progress: [],
  fresh: 0,
  past: [],
  isSuggesting: false,
  isRemembering: false,
  entry: Object.freeze({ isTrying: false, error: null }),
  dialog: null,
  theme: "system",
  hasKeys: true,
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
