/** Sound as a WAV file, which every service reads. */

const HEADER = 44; // bytes
const BYTES = 2; // a sample

/**
 * One channel of 16 bits.
 * @param {Float32Array} samples from -1 to 1
 * @param {number} rate samples a second
 * @returns {ArrayBuffer}
 */
export function encodeWav(samples, rate) {
  const length = samples.length * BYTES;
  const view = new DataView(new ArrayBuffer(HEADER + length));
  writeLetters(view, 0, "RIFF");
  view.setUint32(4, HEADER - 8 + length, true);
  writeLetters(view, 8, "WAVEfmt ");
  view.setUint32(16, 16, true); // bytes of the format
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * BYTES, true);
  view.setUint16(32, BYTES, true);
  view.setUint16(34, BYTES * 8, true);
  writeLetters(view, 36, "data");
  view.setUint32(40, length, true);
  samples.forEach((sample, at) => {
    const whole = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
    view.setInt16(HEADER + at * BYTES, whole, true);
  });
  return view.buffer;
}

/**
 * The mean of all channels.
 * @param {readonly Float32Array[]} channels of one length
 * @returns {Float32Array}
 */
export function mixed(channels) {
  const [first = new Float32Array()] = channels;
  return first.map((_, at) => {
    const sum = channels.reduce((total, channel) => total + (channel[at] ?? 0), 0);
    return sum / channels.length;
  });
}

/**
 * @param {DataView} view
 * @param {number} at
 * @param {string} letters
 */
function writeLetters(view, at, letters) {
  for (const [index, letter] of [...letters].entries()) {
    view.setUint8(at + index, letter.charCodeAt(0));
  }
}
