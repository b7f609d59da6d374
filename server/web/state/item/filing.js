/** The file of an item: its path, copied, and itself, in a window of its own. */

import { words } from "../../words.js";
import { failure } from "../asking/pages.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Notice } from "../notices.js"
 * @import { Owned } from "../types.js"
 * @import { State, Store } from "../store.js"
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {{notify: (notice: Notice) => void}} telling
 */
export function filingActions(store, { files, media }, { notify }) {
  /** @param {Owned} item */
  async function copySource({ source }) {
    try {
      await files.copy(source);
      notify({ id: "copy", tone: "info", text: words.detail.copied });
    } catch (error) {
      notify({ id: "copy", tone: "error", text: words.select.notCopied(failure(error).message) });
    }
  }

  /** @param {Owned} item whose file is shown in a window of its own */
  async function openFile({ id }) {
    try {
      const { collection } = store.get().query;
      files.open(await media.address(collection, id));
    } catch (error) {
      notify({ id: "open", tone: "error", text: failure(error).message });
    }
  }

  return { copySource, openFile };
}
