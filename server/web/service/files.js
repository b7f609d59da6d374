/** Files that the page makes, and the clipboard. */

export const files = {
  /**
   * Save a text as a file, where downloads go.
   *
   * @param {{ text: string, type: string, name: string }} file
   */
  save({ text, type, name }) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  },

  /** @param {string} text */
  copy: (text) => navigator.clipboard.writeText(text),

  /** @param {string} address of what is shown in a window of its own */
  open: (address) => window.open(address, "_blank"),
};
