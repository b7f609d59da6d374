/** A query's filters as the text that lists of items take; searches take them as an object. */

/** @import { Query } from "../types.js" */

/** @type {Readonly<Record<string, string>>} */
const OPERATORS = {
  $eq: "=",
  $ne: "!=",
  $gt: ">",
  $gte: ">=",
  $lt: "<",
  $lte: "<=",
  $prefix: "^=",
  $in: "in",
  $nin: "not in",
};
const RESERVED = new Set(["not", "and", "or", "in", "exists", "true", "false", "null"]);

/**
 * Conditions that all must hold; empty where there are none.
 * @param {Pick<Query, "where" | "kinds" | "modalities">} query
 */
export function filterText({ where, kinds, modalities }) {
  const conditions = Object.entries(where).flatMap(([field, tests]) =>
    Object.entries(tests).map(([operator, value]) => condition(field, operator, value)),
  );
  if (kinds.length > 0) conditions.push(`kind in ${valueText(kinds)}`);
  if (modalities.length > 0) conditions.push(`modality in ${valueText(modalities)}`);
  return conditions.join(" and ");
}

/**
 * @param {string} field
 * @param {string} operator
 * @param {unknown} value
 */
function condition(field, operator, value) {
  const name = field.split(".").map(nameText).join(".");
  if (operator === "$exists") return `${value ? "" : "not "}exists(${name})`;
  return `${name} ${OPERATORS[operator] ?? "="} ${valueText(value)}`;
}

/** @param {string} name */
function nameText(name) {
  const isPlain = /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name) && !RESERVED.has(name.toLowerCase());
  return isPlain ? name : `"${name}"`;
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function valueText(value) {
  if (Array.isArray(value)) return `(${value.map(valueText).join(", ")})`;
  if (typeof value !== "string") return String(value);
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
