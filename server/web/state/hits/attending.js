/** Attending to what is in sight: the layout, further pages in time, and what cards show beside their hits. */

import { createArranger, targetHeight } from "./arranging.js";
import { tilesBetween } from "./layout.js";
import { pictureOf } from "./moments.js";
import { peeker } from "./peeking.js";
import { lookOf, shapeOf } from "./tiles.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { Measure } from "../asking/searching.js"
 * @import { State, Store } from "../store.js"
 */

const FIRST_PICTURES = 30;
/** How long hits wait for the shapes of their pictures, in milliseconds: when they are waited for, and else. */
const PATIENCE = { awaited: 300, ahead: 900 };

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {{more: () => Promise<void>}} asking
 */
export function attendingActions(store, service, { more }) {
  const { media } = service;
  const { peek, forgetPeeks } = peeker(store, service.api);
  const arrange = createArranger((hit, width) =>
    shapeOf(hit, width, media.shape(store.get().query.collection, hit.id)),
  );
  const watchSight = service.sightOf((sight) => store.set({ sight }));

  const layout = () => arrange(store.get().results.hits, store.get().sight.width);

  /** The hits that are shown: those in sight, and some around them. */
  function shown() {
    const { top, height } = store.get().sight;
    return tilesBetween(layout(), top - height, top + 2 * height);
  }

  /** Brings what is in sight, or soon is. */
  function attend() {
    const { results, sight } = store.get();
    if (sight.width === 0) return;
    const { first, end } = shown();
    peek(results.hits.slice(first, end));
    if (layout().height - sight.top < 4 * sight.height) void more();
  }

  /** Whether somebody has come to the end of what is there. */
  function isAwaited() {
    const { top, height } = store.get().sight;
    return layout().height < top + 2 * height;
  }

  /** @type {Measure} */
  async function measure(hits, isFirst, signal) {
    const pictures = hits
      .filter((hit) => ["picture", "page"].includes(lookOf(hit)))
      .slice(0, isFirst ? FIRST_PICTURES : hits.length)
      .map((hit) => ({ id: hit.id, part: pictureOf(hit) }));
    await media.measure(store.get().query.collection, pictures, {
      pixels: targetHeight(store.get().sight.width || innerWidth) * 1.4,
      patience: isFirst || isAwaited() ? PATIENCE.awaited : PATIENCE.ahead,
      signal,
    });
  }

  /** @param {number} index of the hit that the keyboard goes to */
  const focusOn = (index) => store.set({ focus: index });

  /** @param {number} index of the hit that is brought into sight, with the focus */
  function goToHit(index) {
    const box = layout().boxes[index];
    if (box === undefined) return;
    focusOn(index);
    service.scroll.toHit(index, box);
  }

  return {
    layout,
    shown,
    watchSight,
    attend,
    forgetPeeks,
    measure,
    focusOn,
    goToHit,
  };
}
