import assert from "node:assert/strict";
import { test } from "node:test";
import { listenToHand } from "../../server/web/elements/map-hand.js";
import { press } from "../../server/web/elements/map-keys.js";

globalThis.WheelEvent ??= class extends Event {
  static DOM_DELTA_LINE = 1;
};

/** An element at 100, 50, and what a hand on it wishes. */
function hand() {
  const wishes = [];
  const note =
    (name) =>
    (...given) =>
      void wishes.push([name, ...given]);
  const element = Object.assign(new EventTarget(), {
    getBoundingClientRect: () => ({ left: 100, top: 50 }),
    setPointerCapture: () => {},
  });
  const names = ["pan", "zoom", "point", "tap"];
  listenToHand(element, Object.fromEntries(names.map((name) => [name, note(name)])));
  const send = (type, x, y, more = {}) => {
    const event = new Event(type, { cancelable: true });
    const place = { clientX: 100 + x, clientY: 50 + y, pointerId: 1, button: 0 };
    element.dispatchEvent(Object.assign(event, place, more));
    return event;
  };
  return { wishes, send };
}

test("a pointer that is not down points, and leaves", () => {
  const { wishes, send } = hand();
  send("pointermove", 10, 20);
  send("pointerleave", 0, 0);
  assert.deepEqual(wishes, [
    ["point", { x: 10, y: 20 }],
    ["point", null],
  ]);
});

test("a drag moves the map and is no tap, a small tremble is one", () => {
  const { wishes, send } = hand();
  send("pointerdown", 10, 10);
  send("pointermove", 40, 30);
  send("pointerup", 40, 30);
  assert.deepEqual(wishes, [["pan", 30, 20]]);
  wishes.length = 0;
  send("pointerdown", 10, 10);
  send("pointermove", 12, 11);
  send("pointerup", 12, 11);
  assert.deepEqual(wishes, [["tap", { x: 12, y: 11 }]]);
});

test("the other buttons, and a touch that the system takes away, do nothing", () => {
  const { wishes, send } = hand();
  send("pointerdown", 10, 10, { button: 2 });
  send("pointerup", 10, 10, { button: 2 });
  send("pointerdown", 10, 10);
  send("pointercancel", 10, 10);
  assert.deepEqual(wishes, []);
});

test("two fingers enlarge around their middle, and are no tap", () => {
  const { wishes, send } = hand();
  send("pointerdown", 100, 100, { pointerId: 1 });
  send("pointerdown", 200, 100, { pointerId: 2 });
  send("pointermove", 300, 100, { pointerId: 2 });
  assert.deepEqual(wishes, [
    ["pan", 50, 0],
    ["zoom", { x: 200, y: 100 }, 2],
  ]);
  send("pointerup", 300, 100, { pointerId: 2 });
  send("pointerup", 100, 100, { pointerId: 1 });
  assert.equal(wishes.length, 2);
});

test("a wheel enlarges where it is, up to nearer, and the page stays", () => {
  const { wishes, send } = hand();
  const wheel = { deltaY: -100, deltaMode: 0, ctrlKey: false };
  assert.equal(send("wheel", 30, 40, wheel).defaultPrevented, true);
  const [[name, at, times]] = wishes;
  assert.deepEqual([name, at], ["zoom", { x: 30, y: 40 }]);
  assert.ok(times > 1.1 && times < 1.3);
  send("wheel", 30, 40, { ...wheel, deltaY: 100 });
  assert.ok(Math.abs(wishes[1][2] * times - 1) < 1e-9);
});

function pressed(key, more = {}, looks = true) {
  const calls = [];
  const note =
    (name) =>
    (...given) => {
      calls.push([name, ...given]);
      return looks;
    };
  const names = ["enlarge", "showWhole", "goToLit", "open", "go", "push", "leave"];
  const map = Object.fromEntries(names.map((name) => [name, note(name)]));
  const event = Object.assign(new Event("keydown", { cancelable: true }), { key, ...more });
  press(map, event);
  return { calls, isTaken: event.defaultPrevented };
}

test("keys go, move, enlarge and open", () => {
  assert.deepEqual(pressed("ArrowLeft").calls, [["go", "left"]]);
  assert.deepEqual(pressed("ArrowUp", { shiftKey: true }).calls, [["push", "up"]]);
  assert.deepEqual(pressed("n").calls, [["goToLit", 1]]);
  assert.deepEqual(pressed("p").calls, [["goToLit", -1]]);
  assert.deepEqual(pressed("0").calls, [["showWhole"]]);
  assert.deepEqual(pressed("Enter").calls, [["open"]]);
  const [[, nearer], [, farther]] = [pressed("+").calls[0], pressed("-").calls[0]];
  assert.ok(nearer > 1 && Math.abs(nearer * farther - 1) < 1e-9);
});

test("keys of the page and of the browser are left to them", () => {
  assert.deepEqual(pressed("/"), { calls: [], isTaken: false });
  assert.deepEqual(pressed("+", { ctrlKey: true }), { calls: [], isTaken: false });
  assert.equal(pressed("Escape").isTaken, true);
  assert.equal(pressed("Escape", {}, false).isTaken, false, "as nothing is looked at");
});
