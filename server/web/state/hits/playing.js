/** Playing sounds from the second that matched. */

import { words } from "../../words.js";
import { startOf } from "./spans.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Notice } from "../notices.js"
 * @import { Place } from "../types.js"
 * @import { State, Store } from "../store.js"
 */

/** A longer sound is played in parts, in seconds. */
const LONG = 1200;
const PART = 60;

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {{notify: (notice: Notice) => void}} telling
 */
export function playingActions(store, { media, player }, { notify }) {
  player.onChange((playing, hasFailed) => {
    store.set({ playing });
    if (hasFailed) notify({ id: "play", tone: "error", text: words.sound.failed });
  });

  /**
   * @param {{id: string} & Partial<Place>} hit
   * @param {number} [from] the second to begin with; where the hit is, if nothing is said
   */
  function play(hit, from = startOf(hit)) {
    const { playing, query, peeks } = store.get();
    if (playing?.id === hit.id && !player.isPart()) {
      player.seek(from);
      player.resume();
      return;
    }
    const seconds = peeks.get(hit.id)?.curve?.seconds ?? 0;
    const part = { start: Math.max(0, from), end: from + PART };
    const file = media.path(query.collection, hit.id);
    void player.play({
      id: hit.id,
      file: seconds > LONG ? null : file,
      clip: media.path(query.collection, hit.id, part),
      clipStart: part.start,
      from,
    });
  }

  /** @param {{id: string} & Partial<Place>} hit */
  function togglePlay(hit) {
    const { playing } = store.get();
    if (playing?.id !== hit.id) play(hit);
    else if (playing.isPaused) player.resume();
    else player.pause();
  }

  return { play, togglePlay, stopPlaying: player.stop };
}
