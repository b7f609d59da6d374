/** The keys of a map that has the focus. */

/**
 * @import { Direction } from "../state/map/points.js"
 * @import { AnyMap } from "./any-map.js"
 */

const TIMES = 1.6; // that a key enlarges the map
/** @type {Record<string, Direction>} */
const ARROWS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

/** @type {Record<string, (map: AnyMap) => void>} */
const KEYS = {
  "+": (map) => map.enlarge(TIMES),
  "=": (map) => map.enlarge(TIMES),
  "-": (map) => map.enlarge(1 / TIMES),
  0: (map) => map.showWhole(),
  n: (map) => map.goToLit(1),
  p: (map) => map.goToLit(-1),
  Enter: (map) => map.open(),
};

/**
 * Do what a key stands for, if it stands for anything.
 *
 * @param {AnyMap} map
 * @param {KeyboardEvent} event
 */
export function press(map, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS[event.key];
  const key = KEYS[event.key];
  if (arrow && event.shiftKey) map.push(arrow);
  else if (arrow) map.go(arrow);
  else if (key) key(map);
  else if (event.key !== "Escape" || !map.leave()) return;
  event.preventDefault();
  event.stopPropagation();
}
