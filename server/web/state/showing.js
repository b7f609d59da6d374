/** What is shown over the page, and in which colours. */

/**
 * @import { Service } from "../service/service.js"
 * @import { State, Store } from "./store.js"
 *
 * @typedef {"keys" | "history" | "adding" | "why"} DialogName
 * @typedef {"system" | "light" | "dark"} Theme
 */

const THEME = "anysense.theme";
const KEYS = "anysense.keys";
/** @type {readonly Theme[]} */
export const THEMES = ["system", "light", "dark"];

/**
 * @param {Store<State>} store
 * @param {Service} service
 */
export function showingActions(store, service) {
  /** @param {DialogName} dialog */
  const openDialog = (dialog) => store.set({ dialog });

  const closeDialog = () => store.set({ dialog: null });

  /** @param {Theme} theme */
  function setTheme(theme) {
    store.set({ theme });
    service.screen.setTheme(theme);
    if (theme === "system") service.kept.removeItem(THEME);
    else service.kept.setItem(THEME, theme);
  }

  /** @param {boolean} hasKeys */
  function setKeys(hasKeys) {
    store.set({ hasKeys });
    if (hasKeys) service.kept.removeItem(KEYS);
    else service.kept.setItem(KEYS, "off");
  }

  /** Go by the theme and the keys that were chosen before. */
  function recallChoices() {
    const theme = THEMES.find((name) => name === service.kept.getItem(THEME)) ?? "system";
    store.set({ theme, hasKeys: service.kept.getItem(KEYS) !== "off" });
    service.screen.setTheme(theme);
  }

  const toggleFacts = () => store.set({ showsFacts: !store.get().showsFacts });

  const toggleFilters = () => store.set({ isNarrowing: !store.get().isNarrowing });

  return { toggleFacts, toggleFilters, openDialog, closeDialog, setTheme, setKeys, recallChoices };
}
