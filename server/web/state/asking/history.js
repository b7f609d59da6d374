/**
 * What was asked on this machine, newest first. It stays in this browser, and nowhere else.
 */

import { nameOf } from "../hits/telling.js";
import { askedTerms } from "../query.js";

/**
 * @import { Owned, Query } from "../types.js"
 *
 * @typedef {object} Entry
 * @property {string} search the URL's query string, by which it is asked again
 * @property {string} label what people read: the words, and the names of files
 * @property {number} at milliseconds since 1970
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 */

export const MOST_ENTRIES = 200;
const TYPING = 20_000; // a query that goes on from one of that age is the same, typed further
const ENTRIES = "anysense.history";
const OFF = "anysense.history.off";

/**
 * A history with one more entry at its front.
 *
 * @param {readonly Entry[]} history
 * @param {Entry} entry
 * @returns {Entry[]}
 */
export function remember(history, entry) {
  if (entry.label.trim() === "") return [...history];
  const [newest] = history;
  const older = newest && isContinued(newest, entry) ? history.slice(1) : history;
  const others = older.filter((known) => known.search !== entry.search);
  return [entry, ...others].slice(0, MOST_ENTRIES);
}

/**
 * Whether the later one is the earlier one typed on, or typed back.
 *
 * @param {Entry} earlier
 * @param {Entry} later
 */
function isContinued(earlier, later) {
  if (later.at - earlier.at > TYPING) return false;
  const [a, b] = [folded(earlier.label), folded(later.label)];
  return a.startsWith(b) || b.startsWith(a);
}

/**
 * Entries that go with what is typed: those that begin with it first, each label once.
 *
 * @param {readonly Entry[]} history
 * @param {string} typed
 * @param {number} [limit]
 * @returns {Entry[]}
 */
export function suggestions(history, typed, limit = 6) {
  const wanted = folded(typed);
  /** @type {Map<string, Entry>} */
  const found = new Map();
  for (const begins of [true, false]) {
    for (const entry of history) {
      const label = folded(entry.label);
      const matches = begins ? label.startsWith(wanted) : label.includes(wanted);
      if (matches && label !== wanted && !found.has(label)) found.set(label, entry);
    }
  }
  return [...found.values()].slice(0, limit);
}

/** @param {string} text */
const folded = (text) => text.trim().toLocaleLowerCase();

/**
 * What a query asks, as people read it: its words, and the names of files.
 *
 * @param {Query} query
 * @param {ReadonlyMap<string, Owned>} [known] items that may be meant
 */
export function labelOf(query, known = new Map()) {
  const parts = askedTerms(query).map(({ text, name, like, weight }, place) => {
    const joint = place === 0 ? "" : " + ";
    const item = known.get(like ?? "");
    const label = text ?? name ?? (item ? nameOf(item) : like);
    return `${weight < 0 ? " − " : joint}${label?.trim() ?? ""}`;
  });
  return parts.join("").trim();
}

/**
 * What is kept, or nothing where it cannot be read.
 *
 * @param {Store} store
 * @returns {Entry[]}
 */
export function readHistory(store) {
  try {
    const entries = JSON.parse(store.getItem(ENTRIES) ?? "[]");
    return Array.isArray(entries) ? entries.filter(isEntry).slice(0, MOST_ENTRIES) : [];
  } catch {
    return [];
  }
}

/**
 * Keep a history. A full or forbidden store keeps nothing, and harms nothing.
 *
 * @param {Store} store
 * @param {readonly Entry[]} history
 */
export function writeHistory(store, history) {
  try {
    if (history.length) store.setItem(ENTRIES, JSON.stringify(history));
    else store.removeItem(ENTRIES);
  } catch {
    // As in a private window: it is asked without being remembered.
  }
}

/** @param {Store} store */
export function isHistoryOn(store) {
  try {
    return store.getItem(OFF) === null;
  } catch {
    return false;
  }
}

/**
 * Remember what is asked, or no longer.
 *
 * @param {Store} store
 * @param {boolean} on
 */
export function turnHistory(store, on) {
  try {
    if (on) store.removeItem(OFF);
    else store.setItem(OFF, "1");
  } catch {
    // It is off already: see `isHistoryOn`.
  }
}

/**
 * @param {unknown} value
 * @returns {value is Entry}
 */
function isEntry(value) {
  const entry = /** @type {Partial<Entry>} */ (value ?? {});
  return (
    typeof entry.search === "string" &&
    typeof entry.label === "string" &&
    typeof entry.at === "number"
  );
}
