/** Metadata as rows for people. */

const DEEPEST = 4;

/**
 * Each value with the path to it, as filters name it.
 * @param {Readonly<Record<string, unknown>>} metadata
 * @param {string} [before]
 * @param {number} [depth]
 * @returns {{name: string, value: unknown}[]}
 */
export function rowsOf(metadata, before = "", depth = 0) {
  return Object.entries(metadata).flatMap(([key, value]) => {
    const name = before === "" ? key : `${before}.${key}`;
    if (value === null || value === "") return [];
    const isObject = typeof value === "object" && !Array.isArray(value);
    if (isObject && depth < DEEPEST) {
      return rowsOf(/** @type {Record<string, unknown>} */ (value), name, depth + 1);
    }
    return [{ name, value }];
  });
}

/**
 * @param {unknown} value
 * @returns {string}
 */
export function valueText(value) {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/**
 * Whether items can be filtered by a value.
 * @param {unknown} value
 * @returns {value is string | number | boolean}
 */
export function isPlain(value) {
  const isShort = typeof value === "string" && value.length <= 200;
  return isShort || typeof value === "number" || typeof value === "boolean";
}
