/** The item that is looked at: what it is, and what is like it. */

import { failure } from "../asking/pages.js";
import { hasPassages } from "./reading.js";
import { hitOf } from "./stepping.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Notice } from "../notices.js"
 * @import { Modality, Place, Scores } from "../types.js"
 * @import { State, Store } from "../store.js"
 *
 * @typedef {object} Others what detail needs of other actions
 * @property {() => void} closeItem
 * @property {(index: number) => void} goToHit
 * @property {(place: Partial<Place>) => Promise<void>} readAt
 * @property {(notice: Notice) => void} notify
 */

const NEIGHBOURS = 12;
/** @type {readonly Modality[]} */
const MODALITIES = ["image", "audio", "text"];

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {Others} others
 */
export function detailActions(store, { api }, { closeItem, goToHit, readAt, notify }) {
  /** @type {string | null} */
  let shown = null;
  /** @type {string | null} */
  let looked = null;

  /** Brings what the address says is looked at; forgets it when nothing is. */
  function lookUp() {
    const { item: id, collection } = store.get().query;
    const wanted = id === null ? null : `${collection ?? ""}/${id}`;
    if (wanted === shown) {
      settle();
      return;
    }
    const { results } = store.get();
    if (wanted === null) goToHit(results.hits.findIndex((hit) => hit.id === looked));
    [shown, looked] = [wanted, id];
    store.set({ detail: null, neighbours: {}, reading: null, place: null, why: null });
    if (id === null) return;
    const isWanted = () => wanted === shown;
    void bringItem(collection, id, isWanted);
    void bringNeighbours(collection, id, isWanted);
  }

  /**
   * @param {string | null} collection
   * @param {string} id
   * @param {() => boolean} isWanted
   */
  async function bringItem(collection, id, isWanted) {
    try {
      const detail = await api.itemFacts(collection, id);
      if (!isWanted()) return;
      store.set({ detail });
      settle();
      if (hasPassages(detail) && store.get().place === null) void readAt({});
    } catch (error) {
      if (!isWanted()) return;
      notify({ id: "detail", tone: "error", text: failure(error).message });
      closeItem();
    }
  }

  /** Looks at the part that matched, once the item and its hit are there. */
  function settle() {
    const { detail, place } = store.get();
    const hit = detail === null || place !== null ? undefined : hitOf(store.get(), detail.id);
    if (detail === null || hit === undefined) return;
    store.set({ place: placeOf(hit), reading: null });
    if (hasPassages(detail)) void readAt(hit);
  }

  /**
   * @param {string | null} collection
   * @param {string} id
   * @param {() => boolean} isWanted
   */
  async function bringNeighbours(collection, id, isWanted) {
    // Without them the item is shown all the same.
    const found = await api.neighbours(collection, id, MODALITIES, NEIGHBOURS).catch(() => ({}));
    if (isWanted()) store.set({ neighbours: found });
  }

  return { lookUp };
}

/**
 * The place of a hit; the whole of an item that is none.
 * @param {Partial<Place & Scores>} hit
 * @returns {Place}
 */
function placeOf(hit) {
  const { start = null, end = null, unit = null, page = null, box = null, text = null } = hit;
  return {
    start,
    end,
    unit,
    page,
    box,
    text,
    origin: hit.origin ?? "content",
    heading: hit.heading ?? [],
  };
}
