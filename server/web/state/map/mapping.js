/** The map of a collection: which one is shown, and what is said of its points. */

import { failure } from "../asking/pages.js";
import { nameOf } from "../hits/telling.js";
import { asksNothing } from "../query.js";

/**
 * @import { MapColumns } from "../../elements/any-map.js"
 * @import { Card } from "../../elements/map-card.js"
 * @import { Service } from "../../service/service.js"
 * @import { Hit, Item } from "../types.js"
 * @import { State, Store } from "../store.js"
 *
 * @typedef {MapColumns & { generation: number, space: string, spaces: readonly string[], method: string, total: number }} CollectionMap
 *
 * @typedef {object} Mapping
 * @property {"idle" | "loading" | "done" | "none" | "failed"} status none: there is no map yet
 * @property {string | null} collection whose map it is
 * @property {string | null} space null: the first
 * @property {CollectionMap | null} columns
 * @property {ReadonlySet<string>} without modalities that are not shown
 * @property {{ id: string, title: string } | null} looked the item that the keyboard is at
 * @property {readonly { id: string, title: string }[]} near the items around it
 * @property {string | null} error
 */

const THUMBNAIL = 160;
const LIT_SCORE = 1; // one unrelated item in ten has it
const LEAST_LIT = 10;
const MOST_LIT = 300;
const MOST_KNOWN = 2000;

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {() => Promise<void>} more brings a further page of hits
 */
export function mappingActions(store, service, more) {
  const describe = describing(store, service);

  /** @param {string} id of a picture */
  const thumbnail = (id) => thumbnailOf(service, store.get().query.collection, id);

  /** @param {Partial<Mapping>} patch */
  const change = (patch) => store.set({ mapping: { ...store.get().mapping, ...patch } });

  /**
   * Bring the map of a space.
   *
   * @param {string | null} [space]
   */
  async function showMap(space = null) {
    const { collection } = store.get().query;
    change({ status: "loading", collection, space, error: null });
    const isWanted = () => {
      const { mapping } = store.get();
      return mapping.collection === collection && mapping.space === space;
    };
    try {
      const columns = await service.api.map(collection, space);
      if (isWanted()) change({ status: "done", columns, looked: null, near: [] });
    } catch (error) {
      const { code, message } = failure(error);
      const status = code === "no_map" ? "none" : "failed";
      if (isWanted()) change({ status, columns: null, error: message });
    }
  }

  /** Bring the map if the page shows one that is not here, and the hits that are lit up on it. */
  function needMap() {
    const { query, mapping, results } = store.get();
    if (query.view !== "map") return;
    const isHere = mapping.status !== "idle" && mapping.collection === query.collection;
    if (!isHere) {
      void showMap(); // which comes by here again
      return;
    }
    const isWaiting = results.status !== "done" || results.isGrowing || !results.nextCursor;
    if (!isWaiting && !asksNothing(query) && mayLightMore(results.hits)) void more();
  }
  store.subscribe(needMap);

  /** @param {string} modality shown, or no longer */
  function toggleOnMap(modality) {
    const without = new Set(store.get().mapping.without);
    if (!without.delete(modality)) without.add(modality);
    change({ without });
  }

  /**
   * Tell what is around an item.
   *
   * @param {string | null} id
   * @param {readonly string[]} around
   */
  async function lookOnMap(id, around) {
    if (id === null || around.length === 0) return;
    const titled = [id, ...around].map(async (one) => ({
      id: one,
      title: (await describe(one)).title,
    }));
    const [looked, ...near] = await Promise.all(titled).catch(() => []);
    if (looked) change({ looked, near });
  }

  return { showMap, needMap, toggleOnMap, lookOnMap, describe, thumbnail };
}

/**
 * What tells of an item on the map: each is asked about once.
 *
 * @param {Store<State>} store
 * @param {Service} service
 */
function describing(store, service) {
  /** @type {Map<string, Promise<Card>>} */
  const cards = new Map();

  /**
   * @param {string} id
   * @returns {Promise<Card>}
   */
  return (id) => {
    const { collection } = store.get().query;
    const key = JSON.stringify([collection, id]);
    const known = cards.get(key);
    if (known) return known;
    const coming = service.api
      .item(collection, id)
      .then((item) => toCard(service, collection, item))
      .catch((error) => {
        cards.delete(key);
        throw error;
      });
    if (cards.size >= MOST_KNOWN) cards.delete([...cards.keys()][0]);
    cards.set(key, coming);
    return coming;
  };
}

/**
 * The hits that are lit up: those that chance seldom gives, and some in any case.
 *
 * @param {readonly Hit[]} hits
 * @returns {string[]} their ids
 */
export function litOf(hits) {
  const ids = hits.filter((hit, place) => place < LEAST_LIT || (hit.score ?? 0) >= LIT_SCORE);
  return ids.map((hit) => hit.id);
}

/**
 * Whether a further page of hits may have some that are to be lit up.
 *
 * @param {readonly Hit[]} hits
 */
export function mayLightMore(hits) {
  return hits.length < MOST_LIT && (hits.at(-1)?.score ?? 0) >= LIT_SCORE;
}

/**
 * @param {Service} service
 * @param {string | null} collection
 * @param {Item} item
 * @returns {Promise<Card>}
 */
async function toCard(service, collection, item) {
  const isPictured = ["image", "document", "video"].includes(item.kind);
  const thumbnail = isPictured ? await thumbnailOf(service, collection, item.id) : null;
  const text = item.segments.find((segment) => segment.text)?.text ?? "";
  return { title: nameOf(item), note: item.kind === "text" ? text.slice(0, 160) : "", thumbnail };
}

/**
 * Where the small picture of an item is; null if it cannot be had.
 *
 * @param {Service} service
 * @param {string | null} collection
 * @param {string} id
 * @returns {Promise<string | null>}
 */
function thumbnailOf({ media }, collection, id) {
  return media.address(collection, id, { w: THUMBNAIL }).catch(() => null);
}
