/** Plays one sound at a time. */

import { request, storedKey } from "./request.js";

/**
 * @typedef {object} Playing
 * @property {string} id of the item
 * @property {number} seconds where in the item it is
 * @property {boolean} isPaused
 *
 * @typedef {object} Track
 * @property {string} id
 * @property {string | null} file the address of the whole sound; null: play the clip
 * @property {string} clip the address of the part from `clipStart` on, as a WAV that every browser plays
 * @property {number} clipStart seconds
 * @property {number} from the second that it begins with
 */

const audio = new Audio();
/** @type {Track | null} */
let track = null;
let playsPart = false;
let offset = 0; // where in the item the address that is played begins
/** @type {(playing: Playing | null, failed?: boolean) => void} */
let listener = () => {};
let frame = 0;

function tell() {
  if (track === null) return listener(null);
  listener({ id: track.id, seconds: offset + audio.currentTime, isPaused: audio.paused });
}

function follow() {
  cancelAnimationFrame(frame);
  const step = () => {
    tell();
    if (!audio.paused) frame = requestAnimationFrame(step);
  };
  step();
}

/**
 * @param {string} address
 * @param {number} begins where in the item it begins
 * @param {number} from where in the item to begin
 */
async function load(address, begins, from) {
  offset = begins;
  playsPart = address !== track?.file;
  audio.src = address;
  audio.currentTime = Math.max(0, from - begins);
  await audio.play();
}

/** @param {string} path */
async function fetched(path) {
  if (audio.src.startsWith("blob:")) URL.revokeObjectURL(audio.src);
  return URL.createObjectURL(await (await request(path)).blob());
}

audio.addEventListener("play", follow);
audio.addEventListener("pause", tell);
audio.addEventListener("seeked", tell);
audio.addEventListener("ended", () => {
  track = null;
  listener(null);
});

export const player = {
  /** @param {(playing: Playing | null, failed?: boolean) => void} heard */
  onChange(heard) {
    listener = heard;
  },

  /** @param {Track} wanted */
  async play(wanted) {
    track = wanted;
    // An element cannot send the key: what it plays is fetched first, as short as it may be.
    const isOpen = storedKey() === null;
    const ways = [
      ...(wanted.file === null || !isOpen ? [] : [{ address: wanted.file, begins: 0 }]),
      { address: wanted.clip, begins: wanted.clipStart },
    ];
    for (const { address, begins } of ways) {
      try {
        await load(isOpen ? address : await fetched(address), begins, wanted.from);
        return;
      } catch (error) {
        // Another sound was asked for meanwhile, or this one was stopped.
        if (track !== wanted || /** @type {Error} */ (error).name === "AbortError") return;
      }
    }
    track = null;
    listener(null, true);
  },

  /** Whether what plays is only a part of its sound, in which one cannot go everywhere. */
  isPart: () => playsPart,

  pause: () => audio.pause(),
  resume: () => void audio.play(),

  /** @param {number} seconds in the item */
  seek(seconds) {
    audio.currentTime = Math.max(0, seconds - offset);
  },

  stop() {
    audio.pause();
    track = null;
    listener(null);
  },
};
