/**
 * The points of a map, found by their places: what lies in a part of it, near a place, or next in a
 * direction. Tens of thousands of points lie in the cells of a grid, so that few are looked at.
 *
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Box
 * @typedef {"left" | "right" | "up" | "down"} Direction
 */

const POINTS_A_CELL = 4;
const MOST_CELLS = 256; // along a side

export class MapPoints {
  /**
   * @param {ArrayLike<number>} x 0 to 1
   * @param {ArrayLike<number>} y 0 to 1
   */
  constructor(x, y) {
    this.x = Float32Array.from(x);
    this.y = Float32Array.from(y);
    this.length = this.x.length;
    const cells = Math.ceil(Math.sqrt(this.length / POINTS_A_CELL));
    /** @private */
    this.cells = Math.min(Math.max(cells, 1), MOST_CELLS);
    /** @private Where each cell's points begin in `order`. */
    this.begins = new Int32Array(this.cells ** 2 + 1);
    /** @private The points, cell by cell. */
    this.order = new Int32Array(this.length);
    this.sort();
  }

  /** @private */
  sort() {
    const { begins, order } = this;
    for (let i = 0; i < this.length; i++) begins[this.cellOf(i) + 1]++;
    for (let cell = 1; cell < begins.length; cell++) begins[cell] += begins[cell - 1];
    const next = begins.slice();
    for (let i = 0; i < this.length; i++) order[next[this.cellOf(i)]++] = i;
  }

  /**
   * @private
   * @param {number} i
   */
  cellOf(i) {
    return this.step(this.y[i]) * this.cells + this.step(this.x[i]);
  }

  /**
   * @private
   * @param {number} value
   */
  step(value) {
    return Math.min(Math.max(Math.floor(value * this.cells), 0), this.cells - 1);
  }

  /**
   * The points in a box.
   *
   * @param {Box} box
   * @returns {number[]} their places among all
   */
  inside(box) {
    const found = [];
    const { x, y, order, begins } = this;
    for (let row = this.step(box.top); row <= this.step(box.bottom); row++) {
      const from = begins[row * this.cells + this.step(box.left)];
      const to = begins[row * this.cells + this.step(box.right) + 1];
      for (let place = from; place < to; place++) {
        const i = order[place];
        if (x[i] < box.left || x[i] > box.right || y[i] < box.top || y[i] > box.bottom) continue;
        found.push(i);
      }
    }
    return found;
  }

  /**
   * The points around a place, nearest first.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} radius no farther than this
   * @param {(i: number) => boolean} [wanted]
   * @returns {number[]}
   */
  around(x, y, radius, wanted = () => true) {
    const box = { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
    const distance = (/** @type {number} */ i) => (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
    return this.inside(box)
      .filter((i) => wanted(i) && distance(i) <= radius ** 2)
      .sort((a, b) => distance(a) - distance(b));
  }

  /**
   * The nearest points of all, nearest first, the place's own point left out.
   *
   * @param {number} i the point from which is looked
   * @param {number} limit
   * @param {(i: number) => boolean} [wanted]
   * @returns {number[]}
   */
  near(i, limit, wanted = () => true) {
    for (let radius = 1 / this.cells; ; radius *= 2) {
      const found = this.around(this.x[i], this.y[i], radius, (j) => j !== i && wanted(j));
      if (found.length >= limit || radius > 2) return found.slice(0, limit);
    }
  }

  /**
   * The point to which a key leads: what lies ahead, near and not far aside.
   *
   * @param {number} i
   * @param {Direction} direction
   * @param {(i: number) => boolean} [wanted]
   * @returns {number} its place, or the same where nothing lies ahead
   */
  next(i, direction, wanted = () => true) {
    let [best, least] = [i, Number.POSITIVE_INFINITY];
    for (let j = 0; j < this.length; j++) {
      const way = cost(direction, this.x[j] - this.x[i], this.y[j] - this.y[i]);
      if (way < least && wanted(j)) [best, least] = [j, way];
    }
    return best;
  }
}

/**
 * How far it is to a point in a direction, where being aside counts twice; infinite if it does not
 * lie ahead.
 *
 * @param {Direction} direction
 * @param {number} right
 * @param {number} down
 */
function cost(direction, right, down) {
  const sideways = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  const ahead = sign * (sideways ? right : down);
  const aside = Math.abs(sideways ? down : right);
  return ahead <= 0 || aside > ahead ? Number.POSITIVE_INFINITY : ahead + 2 * aside;
}

/**
 * The points whose pictures can be drawn side by side: the first ones given go first.
 *
 * @param {readonly { i: number, x: number, y: number }[]} places on the screen, in pixels
 * @param {number} side of a picture
 * @param {number} most
 * @returns {number[]}
 */
export function apart(places, side, most) {
  /** @type {{ i: number, x: number, y: number }[]} */
  const chosen = [];
  for (const place of places) {
    if (chosen.length === most) break;
    const free = chosen.every(
      (other) => Math.abs(other.x - place.x) >= side || Math.abs(other.y - place.y) >= side,
    );
    if (free) chosen.push(place);
  }
  return chosen.map((place) => place.i);
}
