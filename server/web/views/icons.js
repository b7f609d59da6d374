/** Icons, drawn with lines on a square of 24. They are decoration: words say what they mean. */

import { html, svg } from "../vendor/lit-html/lit-html.js";

const SHAPES = {
  search: svg`<circle cx="11" cy="11" r="6.5" /><path d="m16 16 4.5 4.5" />`,
  image: svg`<rect x="3.5" y="5" width="17" height="14" rx="2" /><circle cx="9" cy="10" r="1.6" /><path d="m4 17 5-4 3 2.5 4-4 4.5 4" />`,
  audio: svg`<path d="M4 10.5v3M8 7.5v9M12 4.5v15M16 8v8M20 10.5v3" />`,
  text: svg`<path d="M5 6h14M5 10.5h14M5 15h14M5 19.5h8" />`,
  document: svg`<path d="M6.5 3.5h7l4.5 4.5v12.5h-11.5z" /><path d="M13.5 3.5v4.5h4.5M9 13h6M9 16.5h6" />`,
  video: svg`<rect x="3.5" y="6" width="12" height="12" rx="2" /><path d="m15.5 11 5-3v8l-5-3" />`,
  play: svg`<path d="M8 5.5v13l11-6.5z" fill="currentColor" />`,
  pause: svg`<path d="M8.5 6v12M15.5 6v12" stroke-width="3.5" />`,
  like: svg`<circle cx="9" cy="9" r="5.5" /><circle cx="15" cy="15" r="5.5" />`,
  close: svg`<path d="m6 6 12 12M18 6 6 18" />`,
  plus: svg`<path d="M12 5v14M5 12h14" />`,
  minus: svg`<path d="M5 12h14" />`,
  clip: svg`<path d="m8 12 6.5-6.5a3 3 0 0 1 4.2 4.2l-8.5 8.5a5 5 0 0 1-7-7l8-8" />`,
  microphone: svg`<rect x="9" y="3" width="6" height="11" rx="3" /><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3.5" />`,
  filter: svg`<path d="M4 7h9M19 7h1M4 17h1M11 17h9" /><circle cx="16" cy="7" r="2.5" /><circle cx="8" cy="17" r="2.5" />`,
  facts: svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 11v5M12 7.5v.5" />`,
  theme: svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor" />`,
  grid: svg`<rect x="4" y="4" width="9" height="7" rx="1" /><rect x="16" y="4" width="4" height="7" rx="1" /><rect x="4" y="14" width="4" height="6" rx="1" /><rect x="11" y="14" width="9" height="6" rx="1" />`,
  map: svg`<circle cx="7" cy="8" r="1.5" /><circle cx="11" cy="5.5" r="1.5" /><circle cx="16" cy="9" r="1.5" /><circle cx="9" cy="14" r="1.5" /><circle cx="17.5" cy="16" r="1.5" /><circle cx="13" cy="18.5" r="1.5" />`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5" />`,
  left: svg`<path d="m14.5 5-7 7 7 7" />`,
  right: svg`<path d="m9.5 5 7 7-7 7" />`,
  open: svg`<path d="M13 4.5h6.5V11M19.5 4.5 11 13M9 6H5.5v12.5H18V15" />`,
  copy: svg`<rect x="8.5" y="8.5" width="11" height="11" rx="2" /><path d="M5 15V6.5A1.5 1.5 0 0 1 6.5 5H15" />`,
  help: svg`<circle cx="12" cy="12" r="8.5" /><path d="M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.3" />`,
};

/** @typedef {keyof typeof SHAPES} IconName */

/** @param {IconName} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${SHAPES[name]}</svg>`;
}
