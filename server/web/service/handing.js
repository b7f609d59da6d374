/** Files that are handed to the page: held over it, dropped, or pasted. */

/**
 * @param {object} listeners
 * @param {(isOver: boolean) => void} listeners.held files are over the page, or no longer
 * @param {(files: File[], purpose: string | null) => void} listeners.given with what the place says
 *   on which they were dropped (`data-drop`); null: nothing
 */
export function watchFiles({ held, given }) {
  let depth = 0; // of elements that the pointer is in
  const carries = (/** @type {DragEvent} */ event) =>
    event.dataTransfer?.types.includes("Files") === true;
  const left = () => {
    depth = 0;
    held(false);
  };
  addEventListener("dragenter", (event) => {
    if (carries(event) && ++depth === 1) held(true);
  });
  addEventListener("dragleave", (event) => {
    if (carries(event) && --depth <= 0) left();
  });
  addEventListener("dragover", (event) => {
    if (carries(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    left();
    const place = event.target instanceof Element ? event.target.closest("[data-drop]") : null;
    given([...(event.dataTransfer?.files ?? [])], place?.getAttribute("data-drop") ?? null);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // What is copied from a text program may be a picture of it as well: the words are meant.
    if (files.length === 0 || event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    given(files, null);
  });
}
