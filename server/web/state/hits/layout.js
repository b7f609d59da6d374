/**
 * Justified rows: tiles in their order, each row as wide as the page, heights near a target.
 *
 * Rows that are full stay as they are when further tiles come, so that nothing jumps.
 *
 * @typedef {object} Shape
 * @property {number} aspect width over height
 * @property {number} least the smallest width, in pixels; 0 if it does not matter
 * @property {number} [most] the height beyond which it is of no use, in pixels; a row of such tiles
 *   alone is no higher
 *
 * @typedef {object} Box
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 *
 * @typedef {object} Row
 * @property {number} y
 * @property {number} height
 * @property {number} first the index of its first tile
 * @property {number} end the index after its last one
 *
 * @typedef {object} Frame
 * @property {number} width of the page
 * @property {number} target the height that rows should have
 * @property {number} gap
 *
 * @typedef {object} Layout
 * @property {readonly Box[]} boxes
 * @property {readonly Row[]} rows
 * @property {number} height
 * @property {number} full how many of the rows are full
 */

/** A row is at least and at most so many times as high as the target; past that pictures are cropped. */
const [LOWEST, HIGHEST] = [0.62, 1.55];
const [NARROWEST, WIDEST] = [0.45, 3.2];
/** The last row is stretched to the page's width if it fills so much of it by itself. */
const NEARLY_FULL = 0.8;

/** @type {Layout} */
export const NO_LAYOUT = Object.freeze({ boxes: [], rows: [], height: 0, full: 0 });

/**
 * @param {readonly Shape[]} shapes of all tiles
 * @param {Frame} frame
 * @param {Layout} [before] of the first of these tiles in the same frame: its full rows stay
 * @returns {Layout}
 */
export function layOut(shapes, frame, before = NO_LAYOUT) {
  if (frame.width <= 0) return NO_LAYOUT;
  const rows = before.rows.slice(0, before.full);
  const boxes = before.boxes.slice(0, rows.at(-1)?.end ?? 0);
  let y = bottomOf(rows, frame.gap);
  let first = boxes.length;
  while (first < shapes.length) {
    const { end, isFull } = rowEnd(shapes, first, frame);
    const tiles = shapes.slice(first, end);
    const filling = rowHeight(tiles, frame, isFull);
    const height = Math.round(Math.min(filling, mostUseful(tiles)));
    boxes.push(...rowBoxes(tiles, frame, { y, height, filling, isFull }));
    rows.push({ y, height, first, end });
    y += height + frame.gap;
    first = end;
  }
  const isLastFull = rowEnd(shapes, rows.at(-1)?.first ?? 0, frame).isFull;
  return {
    boxes,
    rows,
    height: Math.max(0, y - frame.gap),
    full: isLastFull ? rows.length : Math.max(0, rows.length - 1),
  };
}

/**
 * @param {readonly Row[]} rows
 * @param {number} gap
 */
function bottomOf(rows, gap) {
  const last = rows.at(-1);
  return last === undefined ? 0 : last.y + last.height + gap;
}

/**
 * Where the row that begins with a tile ends, so that its height is nearest to the target.
 * @param {readonly Shape[]} shapes
 * @param {number} first
 * @param {Frame} frame
 */
function rowEnd(shapes, first, frame) {
  for (let end = first + 1; end <= shapes.length; end++) {
    const tiles = shapes.slice(first, end);
    if (naturalWidth(tiles, frame.target, frame.gap) < frame.width) continue;
    const without = shapes.slice(first, end - 1);
    const isShorterBetter = without.length > 0 && misfit(without, frame) < misfit(tiles, frame);
    return { end: isShorterBetter ? end - 1 : end, isFull: true };
  }
  return { end: shapes.length, isFull: false };
}

/**
 * How far from the target the height of a full row of these tiles would be.
 * @param {readonly Shape[]} tiles
 * @param {Frame} frame
 */
function misfit(tiles, frame) {
  const height = heightToFill(tiles, frame);
  return height <= 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(height / frame.target));
}

/**
 * @param {Shape} tile
 * @param {number} height
 */
function tileWidth({ aspect, least }, height) {
  return Math.max(least, height * Math.min(WIDEST, Math.max(NARROWEST, aspect)));
}

/**
 * @param {readonly Shape[]} tiles
 * @param {number} height
 * @param {number} gap
 */
function naturalWidth(tiles, height, gap) {
  return tiles.reduce((sum, tile) => sum + tileWidth(tile, height), gap * (tiles.length - 1));
}

/**
 * The height at which these tiles fill the width; 0 if they are too wide at any.
 * @param {readonly Shape[]} tiles
 * @param {Frame} frame
 */
function heightToFill(tiles, { width, target, gap }) {
  let [low, high] = [0, target * 8];
  if (naturalWidth(tiles, low, gap) > width) return 0;
  for (let step = 0; step < 30; step++) {
    const middle = (low + high) / 2;
    if (naturalWidth(tiles, middle, gap) < width) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * @param {readonly Shape[]} tiles
 * @param {Frame} frame
 * @param {boolean} isFull
 */
function rowHeight(tiles, frame, isFull) {
  const isNearlyFull = naturalWidth(tiles, frame.target, frame.gap) >= NEARLY_FULL * frame.width;
  if (!isFull && !isNearlyFull) return frame.target;
  const height = heightToFill(tiles, frame);
  return Math.min(frame.target * HIGHEST, Math.max(frame.target * LOWEST, height));
}

/**
 * The height beyond which none of these tiles has any use of it.
 * @param {readonly Shape[]} tiles
 */
function mostUseful(tiles) {
  return Math.max(...tiles.map(({ most = Number.POSITIVE_INFINITY }) => most));
}

/**
 * @param {readonly Shape[]} tiles
 * @param {Frame} frame
 * @param {{y: number, height: number, filling: number, isFull: boolean}} row `filling`: the height
 *   at which its tiles have their widths
 * @returns {Box[]}
 */
function rowBoxes(tiles, { width, target, gap }, { y, height, filling, isFull }) {
  const room = width - gap * (tiles.length - 1);
  const natural = tiles.map((tile) => tileWidth(tile, filling));
  const sum = natural.reduce((total, one) => total + one, 0);
  const fills = isFull || naturalWidth(tiles, target, gap) >= NEARLY_FULL * width;
  const scale = fills || sum > room ? room / sum : 1;
  let [used, x] = [0, 0];
  return natural.map((one) => {
    // Edges are rounded, not widths, so that the rounded widths add up to the row.
    const left = Math.round(used * scale);
    used += one;
    const box = { x: x + left, y, width: Math.round(used * scale) - left, height };
    x += gap;
    return box;
  });
}

/**
 * The tiles that a part of the page shows: from the first, to before the end.
 * @param {Layout} layout
 * @param {number} top
 * @param {number} bottom
 */
export function tilesBetween({ rows }, top, bottom) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = /** @type {Row} */ (rows[middle]);
    if (row.y + row.height < top) low = middle + 1;
    else high = middle;
  }
  const first = rows[low]?.first ?? 0;
  let end = first;
  for (let at = low; at < rows.length; at++) {
    const row = /** @type {Row} */ (rows[at]);
    if (row.y > bottom) break;
    end = row.end;
  }
  return { first, end };
}

/**
 * The tile that one comes to from another; the same where there is none.
 * @param {Layout} layout
 * @param {number} index
 * @param {"left" | "right" | "up" | "down" | "first" | "last"} direction
 */
export function neighbour({ rows, boxes }, index, direction) {
  const last = boxes.length - 1;
  if (direction === "left") return Math.max(0, index - 1);
  if (direction === "right") return Math.min(last, index + 1);
  if (direction === "first") return 0;
  if (direction === "last") return last;
  const at = rows.findIndex((row) => index < row.end);
  const row = rows[direction === "up" ? at - 1 : at + 1];
  const box = boxes[index];
  if (row === undefined || box === undefined) return index;
  return nearest(boxes, row, box.x + box.width / 2);
}

/**
 * @param {readonly Box[]} boxes
 * @param {Row} row
 * @param {number} x
 */
function nearest(boxes, row, x) {
  let [best, distance] = [row.first, Number.POSITIVE_INFINITY];
  for (let index = row.first; index < row.end; index++) {
    const box = /** @type {Box} */ (boxes[index]);
    const far = Math.abs(box.x + box.width / 2 - x);
    if (far < distance) [best, distance] = [index, far];
  }
  return best;
}
