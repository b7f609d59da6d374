/** What lies over the page while files are held over it. */

import { mayWrite } from "../../state/entering.js";
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { words } from "../../words.js";
import { icon } from "../icons.js";

/** @import { State } from "../../state/store.js" */

/** @param {State} state */
export function dropView({ isDropping, access }) {
  if (!isDropping) return nothing;
  return html`
    <div class="drop">
      <div class="drop-place" data-drop="search">${icon("search")}${words.ask.dropped.search}</div>
      ${
        mayWrite(access)
          ? html`<div class="drop-place" data-drop="add">
              ${icon("plus")}${words.ask.dropped.add}
            </div>`
          : nothing
      }
    </div>
  `;
}
