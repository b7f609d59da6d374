/**
 * Lists of hits as files: JSON lines for programs, CSV for spreadsheets, and paths alone.
 *
 * @typedef {Record<string, unknown> & { metadata?: Record<string, unknown> }} Hit
 * @typedef {"jsonl" | "csv" | "paths"} Format
 * @typedef {{ text: string, type: string, name: string }} File
 */

const TYPES = {
  jsonl: "application/x-ndjson",
  csv: "text/csv;charset=utf-8",
  paths: "text/plain;charset=utf-8",
};
const ENDINGS = { jsonl: "jsonl", csv: "csv", paths: "txt" };
const LONGEST_NAME = 60;
const COLUMNS = [
  "rank",
  "id",
  "kind",
  "modality",
  "score",
  "raw_score",
  "route",
  "space",
  "source",
  "start",
  "end",
  "unit",
  "page",
  "origin",
  "heading",
  "text",
];

/**
 * @param {readonly Hit[]} hits best first
 * @param {Format} format
 * @param {string} asked what was searched, for the file's name
 * @returns {File}
 */
export function toFile(hits, format, asked) {
  const text = { jsonl: toJsonl, csv: toCsv, paths: toPaths }[format](hits);
  return { text, type: TYPES[format], name: `${fileName(asked)}.${ENDINGS[format]}` };
}

/** @param {readonly Hit[]} hits */
export function toJsonl(hits) {
  return hits.map((hit) => `${JSON.stringify(hit)}\n`).join("");
}

/**
 * The sources, one a line, each once.
 *
 * @param {readonly Hit[]} hits
 */
export function toPaths(hits) {
  const sources = new Set(hits.map((hit) => String(hit.source)));
  return [...sources].map((source) => `${source}\n`).join("");
}

/**
 * A table (RFC 4180) with a column for each field of the metadata. It begins with a mark by which
 * spreadsheets know UTF-8.
 *
 * @param {readonly Hit[]} hits
 */
export function toCsv(hits) {
  const rows = hits.map((hit, i) => ({ rank: i + 1, ...hit }));
  const metadata = hits.map((hit) => new Map(leaves(hit.metadata ?? {}, "metadata")));
  const names = [...new Set(metadata.flatMap((fields) => [...fields.keys()]))].sort();
  const lines = rows.map((row, i) => [
    ...COLUMNS.map((name) => /** @type {Record<string, unknown>} */ (row)[name]),
    ...names.map((name) => metadata[i].get(name)),
  ]);
  const table = [[...COLUMNS, ...names], ...lines];
  return `\ufeff${table.map((cells) => `${cells.map(toCell).join(",")}\r\n`).join("")}`;
}

/**
 * The fields of an object and of those in it, by their paths.
 *
 * @param {Record<string, unknown>} object
 * @param {string} path
 * @returns {[string, unknown][]}
 */
function leaves(object, path) {
  return Object.entries(object).flatMap(([name, value]) => {
    const place = `${path}.${name}`;
    const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
    return isObject
      ? leaves(/** @type {Record<string, unknown>} */ (value), place)
      : [/** @type {[string, unknown]} */ ([place, value])];
  });
}

/**
 * A cell. Texts that a spreadsheet would take for formulas, and run, begin with a quote.
 *
 * @param {unknown} value
 */
function toCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : toText(value);
  const defused = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

/** @param {unknown} value */
function toText(value) {
  const isPath = Array.isArray(value) && value.every((part) => typeof part === "string");
  return isPath ? value.join(" > ") : JSON.stringify(value);
}

/**
 * What was asked, as every system takes it for the name of a file.
 *
 * @param {string} asked
 */
function fileName(asked) {
  const words = asked.normalize("NFC").replace(/[^\p{Letter}\p{Mark}\p{Number}]+/gu, "-");
  const cut = [...words]
    .slice(0, LONGEST_NAME)
    .join("")
    .replace(/^-+|-+$/g, "");
  return cut === "" ? "anysense" : `anysense-${cut}`;
}
