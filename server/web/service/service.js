/** What actions reach the world by; tests give another one. */

import { address } from "./address.js";
import { api } from "./api.js";
import { media } from "./media.js";

export const service = { address, api, media };

/** @typedef {typeof service} Service */
