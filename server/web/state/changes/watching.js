/** Watching the service: what is being built, and how many items are new since they were shown. */

import { failure } from "../asking/pages.js";
import { withNotice, withoutNotice } from "../notices.js";
import { isUnderWay, standing } from "./adding.js";

/**
 * @import { Service } from "../../service/service.js"
 * @import { State, Store } from "../store.js"
 *
 * @typedef {object} Build
 * @property {"build" | "reencode" | "publish"} what
 * @property {number} done
 * @property {number | null} total
 * @property {number | null} seconds_left
 * @property {number} failed
 *
 * @typedef {{ id: string, status: string, total: number, done: number, failed: number }} Job
 */

const RARELY = 15; // seconds
const OFTEN = 2;

/**
 * @param {Store<State>} store
 * @param {Service} service
 * @param {(seconds: number) => Promise<void>} [wait] until then, and until the page is seen
 */
export function watchingActions(store, service, wait = whileSeen) {
  /**
   * How many items there were when hits were shown last.
   * @type {{ collection: string | null, items: number } | null}
   */
  let shown = null;
  let [isWatching, isStopped] = [false, false];
  /** @type {State["results"] | null} */
  let results = null;

  // What has just been found is not new: items are counted from then on.
  store.subscribe((state) => {
    if (state.results === results) return;
    const isFound = results?.status === "loading" && state.results.status === "done";
    results = state.results;
    if (isFound) seeFresh();
  });

  /** Look once. Says whether something is under way. */
  async function look() {
    const { collection } = store.get().query;
    const [{ builds }, { jobs }, { collections }] = await Promise.all([
      service.api.progress(collection),
      service.api.jobs(collection),
      service.api.collections(),
    ]);
    const running = jobs.filter(({ status }) => status === "queued" || status === "running");
    const facts = collections.find(({ name }) => name === collection) ?? collections[0];
    const items = facts?.items ?? 0;
    shown ??= { collection, items: items - addedHere(store.get()) }; // those came after the hits
    if (shown.collection !== collection || items < shown.items) shown = { collection, items };
    const fresh = Math.max(items - shown.items, 0);
    const notices = withoutNotice(store.get().notices, "silence");
    store.set({ progress: builds, jobs: running, collections, fresh, notices });
    return builds.length + running.length > 0;
  }

  /** Look again and again, if nobody does yet; a service that does not answer is asked again later. */
  async function watch() {
    if (isWatching) return;
    isWatching = true;
    await wait(OFTEN); // The hits come first.
    while (!isStopped) {
      const isBusy = await look().catch(tellOfSilence);
      await wait(isBusy || store.get().adding.some(isUnderWay) ? OFTEN : RARELY);
    }
  }

  /**
   * Say that the service does not answer, as long as it does not. What it refuses is no silence.
   *
   * @param {unknown} error
   */
  function tellOfSilence(error) {
    const { status, message } = failure(error);
    if (status !== 0) return false;
    const notice = /** @type {const} */ ({ id: "silence", tone: "error", text: message });
    store.set({ notices: withNotice(store.get().notices, notice) });
    return false;
  }

  /** What is new is shown now. */
  function seeFresh() {
    if (shown) shown.items += store.get().fresh;
    if (store.get().fresh) store.set({ fresh: 0 });
  }

  const stopWatching = () => {
    isStopped = true;
  };

  return { look, watch, seeFresh, stopWatching };
}

/** @param {State} state */
const addedHere = ({ adding, query }) =>
  standing(adding.filter(({ collection }) => collection === query.collection)).added;

/** @param {number} seconds */
async function whileSeen(seconds) {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  if (document.visibilityState === "visible") return;
  await new Promise((resolve) =>
    document.addEventListener("visibilitychange", resolve, { once: true }),
  );
}
