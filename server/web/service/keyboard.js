/** Keys that are pressed anywhere on the page. */

/** @import { Pressed } from "../state/pressing.js" */

/** @param {(pressed: Pressed) => boolean} hear says whether the key stood for anything */
export function listenToKeys(hear) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
    const id = target.closest("[data-id]")?.getAttribute("data-id") ?? null;
    const isPlain = !(ctrlKey || altKey || metaKey);
    const isTyping = target.closest("input, select, textarea, [contenteditable]") !== null;
    const isLoose = target === document.body;
    if (hear({ key, shiftKey, isPlain, isTyping, isLoose, id })) event.preventDefault();
  });
}
