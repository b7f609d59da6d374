/** What a hit is called and where its match is, in words. */

import { words } from "../../words.js";
import { oddsOf } from "../asking/odds.js";
import { fileName } from "../names.js";
import { clockSpan } from "../times.js";

/** @import { Hit, Place, Query, Scores } from "../types.js" */

const MOST = 60; // letters of a text that is no file
const TEXT = "text:"; // how the source of such a text begins

/**
 * The name of an item: of its file, or how its text begins.
 * @param {Pick<Hit, "source" | "text" | "metadata">} hit
 */
export function nameOf({ source, text, metadata }) {
  if (typeof metadata.filename === "string" && metadata.filename !== "") return metadata.filename;
  if (isFile({ source })) return fileName(source);
  const start = (text ?? "").trim().split("\n", 1)[0] ?? "";
  return start.length > MOST ? `${start.slice(0, MOST)}…` : start || words.unnamed;
}

/**
 * Whether an item is a file, and not a text that was added by itself.
 * @param {{source: string}} item
 */
export function isFile({ source }) {
  return source !== "" && !source.startsWith(TEXT);
}

/**
 * What the window is called while a query is shown.
 * @param {Query} query
 */
export function titleOf({ terms }) {
  const asked = terms.map((term) => term.text?.trim() ?? "").filter((text) => text !== "");
  return [...asked, words.title].join(" – ");
}

/**
 * Where in its item a segment is; empty where it is the whole, or where only its text says it.
 * @param {Partial<Place> & Pick<Hit, "moments">} place of a hit that has a time, its best moment
 */
export function placeOf({ start = null, end = null, unit = null, page = null, moments = [] }) {
  const [moment] = moments;
  if (unit === "seconds" && moment !== undefined) return clockSpan(moment.start, moment.end);
  if (unit === "seconds" && start !== null && end !== null) return clockSpan(start, end);
  return page === null ? "" : words.page(page);
}

/**
 * How rare so high a score is among unrelated items.
 * @param {number} score
 */
export function rarityOf(score) {
  const { one, isExtrapolated } = oddsOf(score);
  return words.odds(one, isExtrapolated);
}

/**
 * What stands behind a hit: its score, how it was found, by what.
 * @param {Partial<Place & Scores>} hit
 * @returns {string[]}
 */
export function factsOf({ score, route, space, modality, origin }) {
  if (score === undefined || modality === undefined) return [];
  return [
    score.toFixed(2),
    words.route[route ?? "native"],
    words.modality[modality],
    ...(origin === undefined || origin === "content" ? [] : [words.origin(origin)]),
    space ?? "",
  ].filter((fact) => fact !== "");
}
