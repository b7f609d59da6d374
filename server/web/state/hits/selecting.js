/** Marking hits, and taking the marked ones away as a file or as text. */

import { words } from "../../words.js";
import { labelOf } from "../asking/history.js";
import { failure } from "../asking/pages.js";
import { toFile, toPaths } from "./exporting.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { State, Store } from "../store.js"
 * @import { Format } from "./exporting.js"
 * @import { Notice } from "../notices.js"
 * @import { Hit } from "../types.js"
 */

export const MOST_EXPORTED = 1000; // hits: pages of one search end there

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {() => Promise<void>} more brings a further page of hits
 * @param {(notice: Notice) => void} notify
 */
export function selectingActions(store, service, more, notify) {
  /** @type {string | null} where a range begins */
  let anchor = null;

  /**
   * Mark a hit, or no longer.
   *
   * @param {string} id
   * @param {boolean} [isRange] with all between it and the one before
   */
  function select(id, isRange = false) {
    const { selection, results } = store.get();
    store.set({ selection: marked(results.hits, selection, id, isRange ? anchor : null) });
    anchor = id;
  }

  function selectAll() {
    store.set({ selection: new Set(store.get().results.hits.map((hit) => hit.id)) });
  }

  function selectNone() {
    anchor = null;
    store.set({ selection: new Set() });
  }

  /** The marked hits, or all that there are. */
  async function chosen() {
    const { selection } = store.get();
    if (selection.size) return store.get().results.hits.filter((hit) => selection.has(hit.id));
    for (;;) {
      const { results } = store.get();
      const enough = results.hits.length >= MOST_EXPORTED;
      if (enough || results.nextCursor === null) return results.hits.slice(0, MOST_EXPORTED);
      await more();
      if (store.get().results.hits.length === results.hits.length) return results.hits;
    }
  }

  /**
   * Save the marked hits, or all, as a file.
   *
   * @param {Format} format
   */
  async function exportHits(format) {
    const hits = await chosen();
    service.files.save(toFile(hits, format, labelOf(store.get().query, store.get().known)));
    tell(words.select.saved(hits.length));
  }

  /** Copy the paths of the marked hits, or of all. */
  async function copyPaths() {
    const hits = await chosen();
    try {
      await service.files.copy(toPaths(hits));
      tell(words.select.copied(hits.length));
    } catch (error) {
      tell(words.select.notCopied(failure(error).message), "error");
    }
  }

  /**
   * @param {string} text
   * @param {"info" | "error"} [tone]
   */
  const tell = (text, tone = "info") => notify({ id: "selection", tone, text });

  return { select, selectAll, selectNone, exportHits, copyPaths };
}

/**
 * The selection with a hit in it or no longer; or with all hits from an anchor to it.
 *
 * @param {readonly Hit[]} hits
 * @param {ReadonlySet<string>} selection
 * @param {string} id
 * @param {string | null} anchor null: the hit alone
 * @returns {Set<string>}
 */
export function marked(hits, selection, id, anchor) {
  const changed = new Set(selection);
  const [from, to] = [anchor, id].map((end) => hits.findIndex((hit) => hit.id === end));
  if (anchor !== null && from >= 0 && to >= 0) {
    const range = hits.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const hit of range) changed.add(hit.id);
  } else if (!changed.delete(id)) changed.add(id);
  return changed;
}
