/** What is being built while one looks, and how much is new since. */

import { standing } from "../state/changes/adding.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 * @import { Build, Job } from "../state/changes/watching.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function watchView({ progress, jobs, fresh, adding, query, mapping }, actions) {
  if (progress.length + jobs.length + fresh + adding.length === 0) return nothing;
  const show = () => {
    actions.seeFresh();
    actions.askAgain();
    if (query.view === "map") void actions.showMap(mapping.space);
  };
  return html`
    <div class="watch">
      ${progress.map(buildView)} ${jobs.map(jobView)}
      ${adding.length ? addingView(adding, actions) : nothing}
      ${
        fresh
          ? html`<button type="button" class="button fresh" @click=${show}>${words.watch.fresh(fresh)}</button>`
          : nothing
      }
    </div>
  `;
}

/**
 * @param {State["adding"]} adding
 * @param {Actions} actions
 */
function addingView(adding, actions) {
  const { ended, total, failed, share } = standing(adding);
  const told = [words.watch.adding, words.add.standing(ended, total, failed)];
  return html`
    ${barView(ended === total ? told.slice(1) : told, share, 1)}
    <button type="button" class="plain" @click=${() => actions.openDialog("adding")}>
      ${words.watch.details}
    </button>
  `;
}

/** @param {Build} build */
function buildView({ what, done, total, seconds_left, failed }) {
  const told = [
    words.watch[what],
    words.watch.of(done, total),
    seconds_left === null ? "" : words.watch.left(seconds_left),
    failed ? words.watch.failed(failed) : "",
  ];
  return barView(told, done, total);
}

/** @param {Job} job */
function jobView({ total, done, failed }) {
  const told = [
    words.watch.job,
    words.watch.of(done, total),
    failed ? words.watch.failed(failed) : "",
  ];
  return barView(told, done, total);
}

/**
 * @param {readonly string[]} told
 * @param {number} done
 * @param {number | null} total
 */
function barView(told, done, total) {
  const [name] = told;
  return html`<div class="watch-bar">
    <span>${told.filter(Boolean).join(" · ")}</span>
    ${
      total === null
        ? html`<progress aria-label=${name}></progress>`
        : html`<progress aria-label=${name} max=${Math.max(total, 1)} .value=${done}></progress>`
    }
  </div>`;
}
