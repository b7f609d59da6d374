/**
 * Adding files to the collection: some at a time, each with its progress; what failed says why, and
 * can be tried again.
 */

import { words } from "../../words.js";
import { failure } from "../asking/pages.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { State, Store } from "../store.js"
 *
 * @typedef {"waiting" | "sending" | "encoding" | "added" | "known" | "failed"} Stage
 *
 * @typedef {object} Adding a file that is being added
 * @property {number} number
 * @property {string | null} collection
 * @property {File} file
 * @property {Stage} stage
 * @property {number} sent share of its bytes
 * @property {string | null} error a sentence
 * @property {string | null} item the id, once it is in the collection
 *
 * @typedef {object} Standing of all of them
 * @property {number} total
 * @property {number} ended
 * @property {number} failed
 * @property {number} added
 * @property {number} share of the bytes that are dealt with
 */

const AT_A_TIME = 2;
const TRIES = 6; // of a file for which the service has no time
const ENDED = new Set(["added", "known", "failed"]);
const LONGEST_WAIT = 60; // seconds

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {() => void} ended is called when no file is under way any more
 * @param {(seconds: number) => Promise<void>} [wait]
 */
export function addingActions(store, service, ended, wait = sleep) {
  let number = 0;
  let running = 0;

  /**
   * @param {number} which
   * @param {Partial<Adding>} patch
   */
  function change(which, patch) {
    const adding = store
      .get()
      .adding.map((one) => (one.number === which ? { ...one, ...patch } : one));
    store.set({ adding });
  }

  /** @param {Iterable<File>} files */
  function addFiles(files) {
    const { collection } = store.get().query;
    const added = [...files].map((file) => fresh(file, collection, ++number));
    if (added.length === 0) return;
    const before = store.get().adding.filter((one) => !isForgotten(one));
    store.set({ adding: [...before, ...added] });
    pump();
  }

  function pump() {
    while (running < AT_A_TIME) {
      const next = store.get().adding.find((one) => one.stage === "waiting");
      if (!next) return;
      running += 1;
      const told = (/** @type {Partial<Adding>} */ patch) => change(next.number, patch);
      void add(service, next, told, wait).finally(() => {
        running -= 1;
        pump();
        if (running === 0) ended();
      });
    }
  }

  /** Try again what failed. */
  function retryAdding() {
    const adding = store
      .get()
      .adding.map((one) =>
        one.stage === "failed" ? { ...one, stage: /** @type {const} */ ("waiting") } : one,
      );
    store.set({ adding });
    pump();
  }

  /** Leave out what has not begun, and forget what has ended. */
  function clearAdding() {
    const hasBegun = (/** @type {Adding} */ one) => isUnderWay(one) && one.stage !== "waiting";
    store.set({ adding: store.get().adding.filter(hasBegun) });
  }

  return { addFiles, retryAdding, clearAdding };
}

/**
 * Add a file, as often as it takes while the service has no time for it.
 *
 * @param {Service} service
 * @param {Adding} adding
 * @param {(patch: Partial<Adding>) => void} told
 * @param {(seconds: number) => Promise<void>} wait
 */
async function add({ changes }, { file, collection }, told, wait) {
  const hear = (/** @type {number} */ sent) =>
    told({ sent, stage: sent < 1 ? "sending" : "encoding", error: null });
  for (let tries = 1; ; tries++) {
    hear(0);
    try {
      const { id, isNew } = await changes.add(collection, file, hear);
      told({ stage: isNew ? "added" : "known", sent: 1, item: id });
      return;
    } catch (error) {
      const seconds = patience(error);
      if (seconds === null || tries === TRIES) {
        told({ stage: "failed", error: failure(error).message });
        return;
      }
      told({ sent: 0, error: words.add.waits(seconds) });
      await wait(seconds);
    }
  }
}

/**
 * @param {readonly Adding[]} adding
 * @returns {Standing}
 */
export function standing(adding) {
  const bytes = (/** @type {Adding} */ one) => Math.max(one.file.size, 1);
  const done = (/** @type {Adding} */ one) => (ENDED.has(one.stage) ? 1 : one.sent * 0.9);
  const all = adding.reduce((sum, one) => sum + bytes(one), 0);
  const dealt = adding.reduce((sum, one) => sum + bytes(one) * done(one), 0);
  const count = (/** @type {(one: Adding) => boolean} */ which) => adding.filter(which).length;
  return {
    total: adding.length,
    ended: count((one) => ENDED.has(one.stage)),
    failed: count((one) => one.stage === "failed"),
    added: count((one) => one.stage === "added"),
    share: all ? dealt / all : 0,
  };
}

/**
 * For how long to wait before trying again: seconds, or null if it is of no use.
 *
 * @param {unknown} error
 */
export function patience(error) {
  const { status, retryAfter } = /** @type {{ status?: number, retryAfter?: number | null }} */ (
    error
  );
  if (status !== 429 && status !== 503) return null;
  return Math.min(Math.max(retryAfter ?? 5, 1), LONGEST_WAIT);
}

/**
 * @param {File} file
 * @param {string | null} collection
 * @param {number} number
 * @returns {Adding}
 */
function fresh(file, collection, number) {
  return { number, collection, file, stage: "waiting", sent: 0, error: null, item: null };
}

/**
 * Whether a file still has to be sent or encoded.
 *
 * @param {Adding} one
 */
export const isUnderWay = (one) => !ENDED.has(one.stage);

/** @param {Adding} one */
const isForgotten = (one) => one.stage === "added" || one.stage === "known";

/** @param {number} seconds */
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
