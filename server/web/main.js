/** Puts the page's parts together: the state, what changes it, and what shows it. */

import { watchFiles } from "./service/handing.js";
import { listenToKeys } from "./service/keyboard.js";
import { service } from "./service/service.js";
import { createActions } from "./state/actions.js";
import { isUnderWay } from "./state/changes/adding.js";
import { titleOf } from "./state/hits/telling.js";
import { press } from "./state/pressing.js";
import { createStore, INITIAL } from "./state/store.js";
import "./elements/waveform.js";
import { render } from "./vendor/lit-html/lit-html.js";
import { onLoaded } from "./views/later.js";
import { bringParts, pageView } from "./views/page.js";

const PATIENCE = 1500; // milliseconds, in which the page is left to its hits

const store = createStore({ ...INITIAL, query: service.address.read() });
const actions = createActions(store, service);
const root = /** @type {HTMLElement} */ (document.getElementById("page"));

let isDue = false;
function show() {
  isDue = false;
  render(pageView(store.get(), actions), root);
  document.title = titleOf(store.get().query);
  actions.attend();
  actions.know();
  actions.lookUp();
}

store.subscribe(() => {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(show);
});
service.media.onArrival(() => store.set({}));
onLoaded(() => store.set({}));
service.scroll.begin();
watchFiles({
  held: actions.holdFiles,
  given: (files, purpose) =>
    purpose === "add" ? actions.addFiles(files) : void actions.askByFiles(files),
});
service.address.onReturn(actions.follow);
listenToKeys((pressed) => press(pressed, store.get(), actions, service.screen.toBox));
addEventListener("beforeunload", (event) => {
  if (store.get().adding.some(isUnderWay)) event.preventDefault();
});
addEventListener("pagehide", actions.finishRemovals);
actions.recallChoices();
actions.recall();
show();
void actions.begin();
addEventListener("load", () => setTimeout(bringParts, PATIENCE));
