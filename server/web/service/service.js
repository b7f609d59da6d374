/** What actions reach the world by; tests give another one. */

import { address } from "./address.js";
import { api, storeKey } from "./api.js";
import { changes } from "./changes.js";
import { files } from "./files.js";
import { media } from "./media.js";
import { kept, screen } from "./screen.js";

export const service = { address, api, changes, files, kept, media, screen, storeKey };

/** @typedef {typeof service} Service */
