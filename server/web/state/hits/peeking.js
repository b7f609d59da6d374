/** What cards show beside their hit, brought for those that are in sight, a few at a time. */

import { lookOf } from "./tiles.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Hit, Peek } from "../types.js"
 * @import { State, Store } from "../store.js"
 */

const AT_ONCE = 4;
const POINTS = 240;

/**
 * @param {Store<State>} store
 * @param {Service["api"]} api
 */
export function peeker(store, api) {
  /** @type {Set<string>} */
  const asked = new Set();
  /** @type {Hit[]} */
  let queue = [];
  let running = 0;

  /**
   * Brings what these cards lack; what was wanted before and has not begun is dropped.
   * @param {readonly Hit[]} hits
   */
  function peek(hits) {
    queue = hits.filter((hit) => !asked.has(hit.id) && lacksPeek(hit));
    pump();
  }

  function pump() {
    while (running < AT_ONCE && queue.length > 0) {
      const hit = /** @type {Hit} */ (queue.shift());
      asked.add(hit.id);
      running++;
      void bring(hit).finally(() => {
        running--;
        pump();
      });
    }
  }

  /** @param {Hit} hit */
  async function bring(hit) {
    const { collection } = store.get().query;
    const found =
      lookOf(hit) === "sound"
        ? { passage: null, curve: await quietly(api.waveform(collection, hit.id, POINTS)) }
        : { passage: await quietly(api.opening(collection, hit.id)), curve: null };
    if (collection !== store.get().query.collection) return;
    store.set({ peeks: new Map(store.get().peeks).set(hit.id, found) });
  }

  /** Forgets all: another collection is asked, or items have changed. */
  function forgetPeeks() {
    asked.clear();
    queue = [];
    store.set({ peeks: new Map(), known: new Map() });
  }

  return { peek, forgetPeeks };
}

/** @param {Hit} hit */
function lacksPeek(hit) {
  const look = lookOf(hit);
  return look === "sound" || (look === "passage" && (hit.text ?? null) === null);
}

/**
 * What comes, or null where nothing does: a card without it is still a card.
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T | null>}
 */
const quietly = (promise) => promise.catch(() => null);
