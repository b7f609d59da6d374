/** What stands beside the box: the map, adding, and what is seldom needed, in a menu. */

import { isClosed, mayWrite } from "../state/entering.js";
import { THEMES } from "../state/showing.js";
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { words } from "../words.js";

/**
 * @import { Actions } from "../state/actions.js"
 * @import { State } from "../state/store.js"
 */

/**
 * @param {State} state
 * @param {Actions} actions
 */
export function toolsView(state, actions) {
  const { query, access } = state;
  const isMap = query.view === "map";
  return html`
    <nav class="tools" aria-label=${words.tools.label}>
      <button
        type="button"
        class="tool"
        aria-pressed=${isMap}
        ?disabled=${isClosed(access)}
        @click=${() => actions.ask({ view: isMap ? "grid" : "map" })}
      >
        ${words.map.heading}
      </button>
      ${
        mayWrite(access)
          ? html`<button type="button" class="tool" @click=${() => actions.openDialog("adding")}>
              ${words.add.button}
            </button>`
          : nothing
      }
      <button type="button" class="tool" popovertarget="menu" aria-haspopup="true">
        ${words.tools.more}
      </button>
      ${menuView(state, actions)}
    </nav>
  `;
}

/**
 * @param {State} state
 * @param {Actions} actions
 */
function menuView({ theme, access }, actions) {
  const open = (/** @type {"history" | "keys"} */ dialog) => (/** @type {Event} */ event) => {
    hideMenu(event);
    actions.openDialog(dialog);
  };
  const forget = () => actions.forgetKey();
  return html`
    <div id="menu" class="menu" popover>
      <button type="button" class="menu-entry" @click=${open("history")}>${words.past.button}</button>
      <button type="button" class="menu-entry" @click=${open("keys")}>${words.keys.button}<kbd>?</kbd></button>
      <fieldset class="themes">
        <legend>${words.theme.label}</legend>
        ${THEMES.map(
          (name) => html`<label>
            <input
              type="radio"
              name="theme"
              value=${name}
              .checked=${theme === name}
              @change=${() => actions.setTheme(name)}
            />${words.theme[name]}</label>`,
        )}
      </fieldset>
      ${
        access?.needs_key && !isClosed(access)
          ? html`<button type="button" class="menu-entry" @click=${forget}>${words.key.forget}</button>`
          : nothing
      }
    </div>
  `;
}

/** @param {Event} event */
function hideMenu(event) {
  const menu = /** @type {Element} */ (event.currentTarget).closest("[popover]");
  /** @type {HTMLElement} */ (menu).hidePopover();
}
