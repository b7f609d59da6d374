/** Asking by examples: pictures and sounds that are dropped, pasted, chosen or recorded. */

import { words } from "../../words.js";
import { failure } from "./pages.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Notice } from "../notices.js"
 * @import { Query, Term } from "../types.js"
 * @import { State, Store } from "../store.js"
 */

const MOST = 8; // files at once

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {{ask: (patch: Partial<Query>) => void, notify: (notice: Notice) => void}} others
 */
export function exampleActions(store, { api, recorder }, { ask, notify }) {
  /** @type {(() => void) | null} */
  let stop = null;

  /**
   * Asks by files, beside what is asked already.
   * @param {Iterable<File>} files
   */
  async function askByFiles(files) {
    const wanted = [...files].slice(0, MOST);
    store.set({ sending: store.get().sending + wanted.length });
    const terms = await Promise.all(wanted.map(termOf));
    store.set({ sending: store.get().sending - wanted.length });
    const kept = terms.filter((term) => term !== null);
    if (kept.length > 0) ask({ terms: [...store.get().query.terms, ...kept], item: null });
  }

  /**
   * The term of a file, once the service keeps it; null if it does not.
   * @param {File} file
   * @returns {Promise<Term | null>}
   */
  async function termOf(file) {
    try {
      const { id, modality, name } = await api.keepQuery(store.get().query.collection, file);
      return { upload: id, modality, name: name || file.name, weight: 1 };
    } catch (error) {
      notify({ id: "example", tone: "error", text: failure(error).message });
      return null;
    }
  }

  /** Begins to record, or ends it and asks by what was recorded. */
  async function record() {
    if (stop !== null) {
      stop();
      return;
    }
    try {
      const recording = await recorder.start((seconds) => store.set({ recorded: seconds }));
      stop = recording.stop;
      store.set({ recorded: 0 });
      const file = await recording.done;
      await askByFiles([file]);
    } catch {
      notify({ id: "example", tone: "error", text: words.ask.noRecording });
    } finally {
      stop = null;
      store.set({ recorded: null });
    }
  }

  /** @param {boolean} isDropping whether files are being held over the page */
  const holdFiles = (isDropping) => store.set({ isDropping });

  return { askByFiles, record, holdFiles };
}
