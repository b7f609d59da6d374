/** The screen: its colours, and what is kept in this browser. */

export const screen = {
  /** @param {"system" | "light" | "dark"} theme */
  setTheme(theme) {
    const { dataset } = document.documentElement;
    if (theme === "system") delete dataset.theme;
    else dataset.theme = theme;
  },

  /** Put the focus in the box, with what stands there marked. */
  toBox() {
    const box = /** @type {HTMLInputElement | null} */ (document.getElementById("words"));
    box?.focus();
    box?.select();
  },

  reload: () => location.reload(),
};

/** What stays in this browser; where that is forbidden, nothing does. */
export const kept = {
  /** @param {string} name @returns {string | null} */
  getItem(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },

  /** @param {string} name @param {string} value */
  setItem(name, value) {
    try {
      localStorage.setItem(name, value);
    } catch {
      // It is not remembered, and works all the same.
    }
  },

  /** @param {string} name */
  removeItem(name) {
    try {
      localStorage.removeItem(name);
    } catch {
      // There is nothing to remove.
    }
  },
};
