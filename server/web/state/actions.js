/** All that a person can do, as functions that change the state. Each room of actions has its file. */

import { askingActions } from "./asking/asking.js";
import { exampleActions } from "./asking/examples.js";
import { rememberingActions } from "./asking/remembering.js";
import { addingActions } from "./changes/adding.js";
import { removingActions } from "./changes/removing.js";
import { watchingActions } from "./changes/watching.js";
import { enteringActions, isClosed } from "./entering.js";
import { attendingActions } from "./hits/attending.js";
import { playingActions } from "./hits/playing.js";
import { selectingActions } from "./hits/selecting.js";
import { detailActions } from "./item/detail.js";
import { filingActions } from "./item/filing.js";
import { readingActions } from "./item/reading.js";
import { steppingActions } from "./item/stepping.js";
import { whyActions } from "./item/why.js";
import { knowingActions } from "./knowing.js";
import { lookingActions } from "./looking.js";
import { mappingActions } from "./map/mapping.js";
import { showingActions } from "./showing.js";

/**
 * @import { Service } from "../service/service.js"
 * @import { State, Store } from "./store.js"
 * @typedef {ReturnType<typeof createActions>} Actions
 */

/**
 * @param {Store<State>} store
 * @param {Service} service
 */
export function createActions(store, service) {
  const asking = askingActions(store, service, {
    measure: (hits, isFirst, signal) => attending.measure(hits, isFirst, signal),
    forgetPeeks: () => attending.forgetPeeks(),
    remember: (hit) => knowing.remember(hit),
  });
  const attending = attendingActions(store, service, asking);
  const knowing = knowingActions(store, service);
  const looking = lookingActions(store, service, asking);
  const stepping = steppingActions(store, service, asking);
  const reading = readingActions(store, service);
  const watching = watchingActions(store, service);

  /** Brings what the page has to know of the service, and asks what could not be asked without it. */
  async function begin() {
    await looking.begin();
    if (store.get().results.status === "failed") asking.askAgain();
    if (!isClosed(store.get().access)) void watching.watch();
  }

  return {
    ...asking,
    ...attending,
    ...knowing,
    ...looking,
    begin,
    ...addingActions(store, service, () => void watching.look().catch(() => {})),
    ...stepping,
    ...reading,
    ...detailActions(store, service, {
      ...attending,
      ...looking,
      ...reading,
      ...stepping,
    }),
    ...enteringActions(store, service, begin),
    ...exampleActions(store, service, { ...asking, ...looking }),
    ...filingActions(store, service, looking),
    ...mappingActions(store, service, asking.more),
    ...playingActions(store, service, looking),
    ...rememberingActions(store, service),
    ...removingActions(store, service),
    ...selectingActions(store, service, asking.more, looking.notify),
    ...showingActions(store, service),
    ...watching,
    ...whyActions(store, service),
  };
}
