/**
 * Shapes drawn into an array of pixels: for tens of thousands of them, in each frame, that is several
 * times as fast as a canvas without a graphics card.
 *
 * @typedef {readonly [number, number, number]} Colour red, green and blue, 0 to 255
 *
 * @typedef {object} Stamp a shape that is drawn often
 * @property {number} side of its square, in pixels
 * @property {Uint8Array} colours three numbers for each pixel
 * @property {Uint8Array} covers how much of each pixel it covers, 0 to 255
 */

const FINE = 4; // parts of a pixel, each way, that say how much of it is covered

/**
 * Whether a place is inside of a shape of radius 1 around 0.
 * @type {Record<string, (x: number, y: number) => boolean>}
 */
const SHAPES = {
  image: (x, y) => x * x + y * y <= 1,
  audio: (x, y) => isInsideTriangle(x, y),
  text: (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.85,
  video: (x, y) => Math.abs(x) + Math.abs(y) <= 1.2,
  document: (x, y) => Math.max(Math.abs(x) * 0.58 + Math.abs(y), Math.abs(x) * 1.1) <= 1.05,
};

/**
 * Upright, about as large as the circle.
 *
 * @param {number} x
 * @param {number} y
 */
function isInsideTriangle(x, y) {
  return y <= 0.75 && y >= Math.abs(x) * 1.75 - 1.15;
}

/**
 * A shape with a rim that sets it off from others.
 *
 * @param {string} name of a modality; one that is unknown is a circle
 * @param {number} radius in pixels
 * @param {number} rim in pixels
 * @param {Colour} colour
 * @param {Colour} rimColour
 * @param {number} strength 0 to 1: how much it covers what is below
 * @returns {Stamp}
 */
export function stampOf(name, radius, rim, colour, rimColour, strength) {
  const side = 2 * Math.ceil(radius * 1.25 + rim) + 1;
  const colours = new Uint8Array(3 * side * side);
  const covers = new Uint8Array(side * side);
  const isInside = SHAPES[name] ?? SHAPES.image;
  for (let i = 0; i < side * side; i++) {
    const [x, y] = [(i % side) - side / 2, Math.floor(i / side) - side / 2];
    const inner = covered(isInside, x, y, radius);
    const outer = covered(isInside, x, y, radius + rim);
    covers[i] = Math.round(255 * strength * outer);
    const share = outer ? inner / outer : 0;
    for (let c = 0; c < 3; c++) {
      colours[3 * i + c] = Math.round(colour[c] * share + rimColour[c] * (1 - share));
    }
  }
  return { side, colours, covers };
}

/**
 * How much of a pixel a shape covers.
 *
 * @param {(x: number, y: number) => boolean} isInside
 * @param {number} x of the pixel's corner, from the middle of the shape
 * @param {number} y
 * @param {number} radius
 */
function covered(isInside, x, y, radius) {
  let count = 0;
  for (let part = 0; part < FINE * FINE; part++) {
    const px = x + ((part % FINE) + 0.5) / FINE;
    const py = y + (Math.floor(part / FINE) + 0.5) / FINE;
    if (isInside(px / radius, py / radius)) count++;
  }
  return count / (FINE * FINE);
}

/** Pixels, as `ImageData` takes them. All are opaque. */
export class Raster {
  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8ClampedArray(4 * width * height);
    /** @private */
    this.words = new Uint32Array(this.pixels.buffer);
  }

  /** @param {Colour} colour */
  clear([red, green, blue]) {
    this.pixels.set([red, green, blue, 255]);
    this.words.fill(this.words[0]);
  }

  /**
   * Draw a stamp around a place; what is outside of the raster is left out.
   *
   * @param {Stamp} stamp
   * @param {number} x
   * @param {number} y
   */
  draw({ side, colours, covers }, x, y) {
    const { width, height, pixels } = this;
    const left = Math.round(x - side / 2);
    const top = Math.round(y - side / 2);
    const [from, to] = [Math.max(-left, 0), Math.min(width - left, side)];
    for (let row = Math.max(-top, 0); row < Math.min(height - top, side); row++) {
      let i = row * side + from;
      let at = 4 * ((top + row) * width + left + from);
      for (let column = from; column < to; column++, i++, at += 4) {
        const cover = covers[i];
        if (cover === 0) continue;
        pixels[at] += ((colours[3 * i] - pixels[at]) * cover) / 255;
        pixels[at + 1] += ((colours[3 * i + 1] - pixels[at + 1]) * cover) / 255;
        pixels[at + 2] += ((colours[3 * i + 2] - pixels[at + 2]) * cover) / 255;
      }
    }
  }
}
