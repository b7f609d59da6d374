/**
 * What a hand does on a map: dragging, pinching, turning a wheel, pointing and tapping.
 *
 * @typedef {{ x: number, y: number }} Point in pixels, from the element's corner
 * @typedef {object} Wishes
 * @property {(right: number, down: number) => void} pan
 * @property {(at: Point, times: number) => void} zoom
 * @property {(at: Point | null) => void} point where the pointer is, null where it is not
 * @property {(at: Point) => void} tap
 */

const STILL = 5; // pixels that a tap may move
const WHEEL = 0.0016; // of a step of the wheel
const PINCHED_WHEEL = 0.01; // what a touch pad sends for two fingers

/**
 * Hear what a hand does on an element.
 *
 * @param {HTMLElement} element
 * @param {Wishes} wishes
 */
export function listenToHand(element, wishes) {
  /** @type {Map<number, Point>} */
  const down = new Map();
  let moved = 0;

  const at = (/** @type {MouseEvent} */ event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    if (down.size === 0) moved = 0;
    down.set(event.pointerId, at(event));
  });

  element.addEventListener("pointermove", (event) => {
    const [now, before] = [at(event), down.get(event.pointerId)];
    if (!before) {
      wishes.point(now);
      return;
    }
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, now);
    if (other) pinch(wishes, other, before, now);
    else if (moved > STILL) wishes.pan(now.x - before.x, now.y - before.y);
  });

  const lift = (/** @type {PointerEvent} */ event) => {
    const wasDown = down.delete(event.pointerId);
    if (wasDown && down.size === 0 && moved <= STILL && event.type === "pointerup") {
      wishes.tap(at(event));
    }
  };
  element.addEventListener("pointerup", lift);
  element.addEventListener("pointercancel", lift);
  element.addEventListener("pointerleave", () => wishes.point(null));

  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const step = event.ctrlKey ? PINCHED_WHEEL : WHEEL;
      wishes.zoom(at(event), Math.exp(-event.deltaY * lines * step));
    },
    { passive: false },
  );
}

/**
 * One finger stays, the other moves: the map grows with their distance, and goes with their middle.
 *
 * @param {Wishes} wishes
 * @param {Point} fixed
 * @param {Point} before
 * @param {Point} now
 */
function pinch(wishes, fixed, before, now) {
  const distance = (/** @type {Point} */ to) =>
    Math.max(Math.hypot(to.x - fixed.x, to.y - fixed.y), 1);
  const middle = { x: (fixed.x + now.x) / 2, y: (fixed.y + now.y) / 2 };
  wishes.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  wishes.zoom(middle, distance(now) / distance(before));
}
