/** Records from the microphone. */

import { encodeWav, mixed } from "../state/asking/wav.js";

const LONGEST = 30; // seconds
const RATE = 48_000;

/**
 * Begins a recording.
 * @param {(seconds: number) => void} heard is told how long it is by now
 * @returns {Promise<{done: Promise<File>, stop: () => void}>} `done` comes after `stop`, or when it is long enough
 * @throws {DOMException} there is no microphone, or it may not be used
 */
async function start(heard) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recording = new MediaRecorder(stream);
  /** @type {Blob[]} */
  const parts = [];
  let seconds = 0;
  const ticking = setInterval(() => {
    heard(++seconds);
    if (seconds >= LONGEST) stop();
  }, 1000);
  const stop = () => recording.state === "recording" && recording.stop();
  const done = new Promise((resolve, reject) => {
    recording.ondataavailable = ({ data }) => parts.push(data);
    recording.onstop = () => {
      clearInterval(ticking);
      for (const track of stream.getTracks()) track.stop();
      toWav(new Blob(parts, { type: recording.mimeType })).then(resolve, reject);
    };
  });
  recording.start();
  return { done, stop };
}

/**
 * Browsers record in formats of their own, without a length; a WAV has one.
 * @param {Blob} blob
 */
async function toWav(blob) {
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(await blob.arrayBuffer());
  const channels = Array.from({ length: sound.numberOfChannels }, (_, at) =>
    sound.getChannelData(at),
  );
  return new File([encodeWav(mixed(channels), sound.sampleRate)], "recording.wav", {
    type: "audio/wav",
  });
}

export const recorder = {
  /** Whether this browser can record here: only pages from this machine or over TLS may. */
  isThere: () => typeof MediaRecorder !== "undefined" && navigator.mediaDevices !== undefined,
  start,
};
