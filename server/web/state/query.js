/** What is asked, and its way to and from the address: pure, so that it is tested as it is. */

/** @import { Kind, Modality, Query, Term, Where } from "./types.js" */

/** @type {readonly Modality[]} */
export const MODALITIES = ["image", "audio", "text"];
/** @type {readonly Kind[]} */
export const KINDS = ["image", "audio", "text", "document", "video"];
export const MATCHES = /** @type {const} */ (["both", "vector", "words"]);
export const FUSIONS = /** @type {const} */ (["calibrated", "rrf", "round_robin"]);

const TERMS = 32;
/** The largest weight; its negative is the least. */
export const MOST_WEIGHT = 2;

/** @type {Query} */
export const EMPTY = Object.freeze({
  collection: null,
  terms: Object.freeze([]),
  modalities: Object.freeze([]),
  kinds: Object.freeze([]),
  where: Object.freeze({}),
  minScore: null,
  view: "grid",
  item: null,
  match: "both",
  fusion: "calibrated",
});

/**
 * A query with other values.
 * @param {Query} query
 * @param {Partial<Query>} patch
 * @returns {Query}
 */
export function changed(query, patch) {
  return Object.freeze({ ...query, ...patch });
}

/**
 * Whether a query asks for nothing, so that the whole collection is shown.
 * @param {Query} query
 */
export function asksNothing(query) {
  return askedTerms(query).length === 0;
}

/**
 * The terms that say something: an empty text is one that is being written.
 * @param {Query} query
 */
export function askedTerms(query) {
  return query.terms.filter((term) => term.text === undefined || term.text.trim() !== "");
}

/**
 * The query string of a query, with its "?"; empty for the empty query.
 *
 * Terms stand in their order: `q` is a text, `up` an upload with its modality and name
 * (`q-0a1b,image,sunset.jpg`), `like` the id of an item; `w` their weights where not all are 1.
 * @param {Query} query
 */
export function toUrl(query) {
  const params = new URLSearchParams();
  if (query.collection !== null) params.set("c", query.collection);
  for (const term of query.terms) params.append(...termParam(term));
  if (query.terms.some((term) => term.weight !== 1)) {
    params.set("w", query.terms.map((term) => term.weight).join(","));
  }
  if (query.modalities.length > 0) params.set("in", query.modalities.join(","));
  if (query.kinds.length > 0) params.set("kind", query.kinds.join(","));
  if (Object.keys(query.where).length > 0) params.set("where", JSON.stringify(query.where));
  if (query.minScore !== null) params.set("min", String(query.minScore));
  if (query.match !== "both") params.set("match", query.match);
  if (query.fusion !== "calibrated") params.set("fusion", query.fusion);
  if (query.view !== "grid") params.set("view", query.view);
  if (query.item !== null) params.set("item", query.item);
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/**
 * @param {Term} term
 * @returns {[string, string]}
 */
function termParam(term) {
  if (term.like !== undefined) return ["like", term.like];
  if (term.upload === undefined) return ["q", term.text ?? ""];
  return ["up", [term.upload, term.modality ?? "image", term.name ?? ""].join(",")];
}

/**
 * The query of an address: a whole one, or its query string. What it does not understand is left out.
 * @param {string} url
 * @returns {Query}
 */
export function fromUrl(url) {
  const start = url.indexOf("?");
  const params = new URLSearchParams(start < 0 ? "" : url.slice(start).split("#")[0]);
  const weights = (params.get("w") ?? "").split(",");
  const terms = [...params]
    .map(([name, value]) => termOf(name, value))
    .filter((term) => term !== null)
    .slice(0, TERMS)
    .map((term, index) => Object.freeze({ ...term, weight: weightOf(weights[index]) }));
  return changed(EMPTY, {
    collection: params.get("c") || null,
    terms: Object.freeze(terms),
    modalities: listOf(params.get("in"), MODALITIES),
    kinds: listOf(params.get("kind"), KINDS),
    where: whereOf(params.get("where")),
    minScore: numberOf(params.get("min")),
    view: params.get("view") === "map" ? "map" : "grid",
    item: params.get("item") || null,
    match: oneOf(params.get("match"), MATCHES),
    fusion: oneOf(params.get("fusion"), FUSIONS),
  });
}

/**
 * @param {string} name
 * @param {string} value
 * @returns {Omit<Term, "weight"> | null}
 */
function termOf(name, value) {
  if (name === "q") return { text: value };
  if (name === "like") return value === "" ? null : { like: value };
  if (name !== "up") return null;
  const [upload = "", modality, ...rest] = value.split(",");
  if (!/^q-[0-9a-f]+$/.test(upload)) return null;
  return { upload, modality: modality === "audio" ? "audio" : "image", name: rest.join(",") };
}

/** @param {string | undefined} text */
function weightOf(text) {
  const weight = numberOf(text ?? null);
  return weight === null ? 1 : clampWeight(weight);
}

/**
 * The nearest weight that the page offers.
 * @param {number} weight
 */
export function clampWeight(weight) {
  const rounded = Math.round(weight * 100) / 100;
  return Math.min(MOST_WEIGHT, Math.max(-MOST_WEIGHT, rounded));
}

/** @param {string | null} text */
function numberOf(text) {
  const number = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

/**
 * @template {string} T
 * @param {string | null} text
 * @param {readonly T[]} known
 * @returns {readonly T[]}
 */
function listOf(text, known) {
  const given = (text ?? "").split(",");
  return Object.freeze(known.filter((name) => given.includes(name)));
}

/**
 * @template {string} T
 * @param {string | null} text
 * @param {readonly T[]} known the first is what holds where nothing is said
 * @returns {T}
 */
function oneOf(text, known) {
  return known.find((name) => name === text) ?? /** @type {T} */ (known[0]);
}

/**
 * The conditions of an address; what is none that the page can show is left out.
 * @param {string | null} text
 * @returns {Where}
 */
function whereOf(text) {
  if (text === null) return EMPTY.where;
  try {
    const where = JSON.parse(text);
    return isMapping(where)
      ? Object.freeze(Object.fromEntries(Object.entries(where).flatMap(conditionOf)))
      : EMPTY.where;
  } catch {
    return EMPTY.where;
  }
}

/**
 * A field with its tests, in a list; a value alone is one that it equals.
 * @param {[string, unknown]} condition
 * @returns {[string, Record<string, unknown>][]}
 */
function conditionOf([field, tests]) {
  if (isValue(tests)) return [[field, { $eq: tests }]];
  if (field.startsWith("$") || !isMapping(tests)) return [];
  const values = Object.values(tests);
  const isShown = values.length > 0 && values.every((one) => [one].flat().every(isValue));
  return isShown ? [[field, tests]] : [];
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isMapping(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function isValue(value) {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/**
 * The body of `POST v1/search`.
 * @param {Query} query
 */
export function toSearch(query) {
  const terms = askedTerms(query).map(({ text, upload, like, weight }) => {
    if (upload !== undefined) return { upload, weight };
    return like === undefined ? { text, weight } : { like, weight };
  });
  return {
    terms,
    ...(query.modalities.length > 0 && { modalities: query.modalities }),
    ...(query.kinds.length > 0 && { kinds: query.kinds }),
    ...(Object.keys(query.where).length > 0 && { where: query.where }),
    ...(query.minScore !== null && { min_score: query.minScore }),
    ...(query.match !== "both" && { match: query.match }),
    ...(query.fusion !== "calibrated" && { fusion: query.fusion }),
  };
}

/**
 * Whether one query finds other hits than another: what is looked at, and how, finds none.
 * @param {Query} before
 * @param {Query} after
 */
export function changesHits(before, after) {
  const bare = (/** @type {Query} */ query) => JSON.stringify({ ...query, item: null, view: null });
  return bare(before) !== bare(after);
}
