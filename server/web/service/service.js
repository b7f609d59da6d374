/** What actions reach the world by; tests give another one. */

import { address } from "./address.js";
import { api } from "./api.js";
import { changes } from "./changes.js";
import { early } from "./early.js";
import { files } from "./files.js";
import { media } from "./media.js";
import { player } from "./player.js";
import { recorder } from "./recorder.js";
import { storeKey } from "./request.js";
import { kept, screen } from "./screen.js";
import { scroll } from "./scroll.js";
import { sightOf } from "./sight.js";

export const service = {
  address,
  api,
  changes,
  early,
  files,
  kept,
  media,
  player,
  recorder,
  screen,
  scroll,
  sightOf,
  storeKey,
};

/** @typedef {typeof service} Service */
