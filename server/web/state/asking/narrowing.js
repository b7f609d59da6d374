/** Conditions on metadata, as the filters of the page offer them: chosen values and ranges. */

/**
 * @import { Where } from "../types.js"
 * @typedef {string | number | boolean} Value
 * @typedef {{least: string | number | null, greatest: string | number | null}} Range
 */

/**
 * The values of a field that are chosen.
 * @param {Where} where
 * @param {string} field
 * @returns {readonly Value[]}
 */
export function chosenValues(where, field) {
  const tests = where[field] ?? {};
  if (Array.isArray(tests.$in)) return tests.$in;
  return "$eq" in tests ? [/** @type {Value} */ (tests.$eq)] : [];
}

/**
 * With a value chosen that was not, or the other way round.
 * @param {Where} where
 * @param {string} field
 * @param {Value} value
 * @returns {Where}
 */
export function toggled(where, field, value) {
  const before = chosenValues(where, field);
  const after = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
  return after.length === 0 ? without(where, field) : { ...where, [field]: { $in: after } };
}

/**
 * The range that a field is held to. Of dates the last day belongs to it.
 * @param {Where} where
 * @param {string} field
 * @returns {Range}
 */
export function rangeOf(where, field) {
  const { $gte = null, $lte = null, $lt = null } = where[field] ?? {};
  const greatest = typeof $lt === "string" ? dayFrom($lt, -1) : $lte;
  return /** @type {Range} */ ({ least: $gte, greatest });
}

/**
 * @param {Where} where
 * @param {string} field
 * @param {Range} range
 * @returns {Where}
 */
export function ranged(where, field, { least, greatest }) {
  // A day ends where the next one begins, whatever time of it stands behind the date.
  const upper = typeof greatest === "string" ? { $lt: dayFrom(greatest, 1) } : { $lte: greatest };
  const tests = {
    ...(least !== null && { $gte: least }),
    ...(greatest !== null && upper),
  };
  const isOpen = least === null && greatest === null;
  return isOpen ? without(where, field) : { ...where, [field]: tests };
}

/**
 * @param {Where} where
 * @param {string} field
 * @returns {Where}
 */
export function without(where, field) {
  const { [field]: _, ...others } = where;
  return others;
}

/**
 * The day so many days after a date of the form 2021-05-02.
 * @param {string} date
 * @param {number} days
 */
export function dayFrom(date, days) {
  const day = new Date(`${date.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return date;
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/**
 * What a condition says, without the name of its field.
 * @param {Where} where
 * @param {string} field
 */
export function conditionText(where, field) {
  const values = chosenValues(where, field);
  if (values.length > 0) return values.map(String).join(", ");
  const { least, greatest } = rangeOf(where, field);
  if (least !== null && greatest !== null) return `${least} – ${greatest}`;
  if (least !== null) return `≥ ${least}`;
  return greatest !== null ? `≤ ${greatest}` : JSON.stringify(where[field]);
}
