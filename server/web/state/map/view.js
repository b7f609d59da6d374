/**
 * Which part of a map is seen, and where its points are on the screen.
 *
 * A map is a square whose sides are 0 to 1. A view says which of its points is in the middle of the
 * screen, and how many times larger it is than when all of it fits.
 *
 * @typedef {{ x: number, y: number, zoom: number }} View
 * @typedef {{ width: number, height: number }} Size in pixels of CSS
 * @typedef {{ x: number, y: number }} Point
 */

export const GREATEST_ZOOM = 200;
const MOST_DRAWN_OUT = 1.75; // times the shorter side
const MARGIN = 44; // of the screen, around a map that fits

/** @type {View} */
export const WHOLE = Object.freeze({ x: 0.5, y: 0.5, zoom: 1 });

/**
 * How many pixels the sides of the map are long. On a screen that is wider than high, or higher, it
 * is drawn out a little, so that it fills more of it.
 *
 * @param {View} view
 * @param {Size} size
 * @returns {{ across: number, down: number }}
 */
export function sidesOf(view, size) {
  const [width, height] = [size.width, size.height].map((side) => Math.max(side - 2 * MARGIN, 1));
  const most = Math.min(width, height) * MOST_DRAWN_OUT;
  return { across: Math.min(width, most) * view.zoom, down: Math.min(height, most) * view.zoom };
}

/**
 * @param {View} view
 * @param {Size} size
 * @param {Point} point of the map
 * @returns {Point} on the screen
 */
export function toScreen(view, size, point) {
  const { across, down } = sidesOf(view, size);
  return {
    x: size.width / 2 + (point.x - view.x) * across,
    y: size.height / 2 + (point.y - view.y) * down,
  };
}

/**
 * @param {View} view
 * @param {Size} size
 * @param {Point} pixel
 * @returns {Point} of the map
 */
export function toMap(view, size, pixel) {
  const { across, down } = sidesOf(view, size);
  return {
    x: view.x + (pixel.x - size.width / 2) / across,
    y: view.y + (pixel.y - size.height / 2) / down,
  };
}

/**
 * The view moved by so many pixels, as far as the map reaches.
 *
 * @param {View} view
 * @param {Size} size
 * @param {number} right
 * @param {number} down
 * @returns {View}
 */
export function panned(view, size, right, down) {
  const sides = sidesOf(view, size);
  return bounded({ ...view, x: view.x - right / sides.across, y: view.y - down / sides.down });
}

/**
 * The view so many times as large, with what is under a pixel staying there.
 *
 * @param {View} view
 * @param {Size} size
 * @param {Point} pixel
 * @param {number} times
 * @returns {View}
 */
export function zoomed(view, size, pixel, times) {
  const zoom = Math.min(Math.max(view.zoom * times, 1), GREATEST_ZOOM);
  const fixed = toMap(view, size, pixel);
  const moved = toMap({ ...view, zoom }, size, pixel);
  return bounded({ x: view.x + fixed.x - moved.x, y: view.y + fixed.y - moved.y, zoom });
}

/**
 * The view moved no farther than is needed to see a point, away from the rim.
 *
 * @param {View} view
 * @param {Size} size
 * @param {Point} point of the map
 * @returns {View}
 */
export function revealing(view, size, point) {
  const pixel = toScreen(view, size, point);
  const right = overshoot(pixel.x, size.width);
  const down = overshoot(pixel.y, size.height);
  return right || down ? panned(view, size, -right, -down) : view;
}

/**
 * @param {number} place
 * @param {number} length
 */
function overshoot(place, length) {
  const rim = Math.min(MARGIN, length / 4);
  return Math.min(place - rim, 0) || Math.max(place - (length - rim), 0);
}

/**
 * The view with its middle on the map, and in the middle of it where all fits.
 *
 * @param {View} view
 * @returns {View}
 */
function bounded({ x, y, zoom }) {
  const reach = 0.5 * (1 - 1 / zoom ** 2);
  const within = (/** @type {number} */ value) =>
    Math.min(Math.max(value, 0.5 - reach), 0.5 + reach);
  return { x: within(x), y: within(y), zoom };
}
