/** What a hit is shown as, and the room that it takes. */

/**
 * @import { Shape } from "./layout.js"
 * @import { Hit } from "../types.js"
 * @typedef {"picture" | "page" | "sound" | "passage"} Look
 */

const ASPECTS = { picture: 1.4, page: 0.75, sound: 1.75, passage: 1.5 };
/** On a narrow page sounds have rows of their own, which may be low. */
const NARROW = { width: 600, sound: 2.9 };
const SOUND = 160; // pixels
/** Pixels of cards of texts, and letters of a line. */
const PASSAGE = { usual: 200, frame: 72, least: 150, most: 260 };
const USUAL_PRINT = { letters: 40, lineHeight: 23 }; // letters of a line
const LARGE_PRINT = { letters: 32, lineHeight: 29 };
const SHORT = 170; // letters
const LEAST = { picture: 0, page: 0, sound: 250, passage: 250 };

/**
 * @param {Hit} hit
 * @returns {Look}
 */
export function lookOf({ kind, modality, source }) {
  if (kind === "audio") return "sound";
  if (kind === "document") return modality === "text" || !hasPages(source) ? "passage" : "page";
  return kind === "text" ? "passage" : "picture";
}

/**
 * Whether the pages of a document can be shown as pictures.
 * @param {string} source
 */
export function hasPages(source) {
  return /\.pdf$/i.test(source);
}

/**
 * Whether a video is an animated picture, which browsers show as they show others.
 * @param {{kind: string, source: string}} item
 */
export function isAnimation({ kind, source }) {
  return kind === "video" && /\.(a?png|gif|webp)$/i.test(source);
}

/**
 * The room that a hit takes.
 * @param {Hit} hit
 * @param {number} width of the page
 * @param {number | undefined} known width over height of its picture, once that is known
 * @returns {Shape}
 */
export function shapeOf(hit, width, known) {
  const look = lookOf(hit);
  const isPicture = look === "picture" || look === "page";
  const aspect = isPicture ? (known ?? statedAspect(hit)) : undefined;
  const usual = look === "sound" && width < NARROW.width ? NARROW.sound : ASPECTS[look];
  const shape = { aspect: aspect ?? usual, least: LEAST[look] };
  return isPicture ? shape : { ...shape, most: look === "sound" ? SOUND : passageHeight(hit) };
}

/**
 * Whether a passage is so short that it is set in large print.
 * @param {string} text
 */
export function isShort(text) {
  return text.length < SHORT;
}

/**
 * About the height that a card needs for its passage.
 * @param {Hit} hit
 */
function passageHeight({ text = null, heading = [] }) {
  if (text === null) return PASSAGE.usual;
  const { letters, lineHeight } = isShort(text) ? LARGE_PRINT : USUAL_PRINT;
  const lines = text.split("\n").reduce((sum, line) => sum + Math.ceil(line.length / letters), 0);
  const needed = PASSAGE.frame + (lines + Math.min(1, heading.length)) * lineHeight;
  return Math.min(PASSAGE.most, Math.max(PASSAGE.least, needed));
}

/**
 * Width over height as the metadata state it.
 * @param {Hit} hit
 */
function statedAspect({ metadata: { width, height } }) {
  const areSizes = typeof width === "number" && typeof height === "number";
  return areSizes && width > 0 && height > 0 ? width / height : undefined;
}
