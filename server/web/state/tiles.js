/** What a hit is shown as, and the room that it takes. */

/**
 * @import { Shape } from "./layout.js"
 * @import { Hit } from "./types.js"
 * @typedef {"picture" | "page" | "sound" | "passage"} Look
 */

const ASPECTS = { picture: 1.4, page: 0.75, sound: 1.75, passage: 1.5 };
/** On a narrow page sounds have rows of their own, which may be low. */
const NARROW = { width: 600, sound: 2.9 };
const LEAST = { picture: 0, page: 0, sound: 250, passage: 250 };

/**
 * @param {Hit} hit
 * @returns {Look}
 */
export function lookOf({ kind, modality }) {
  if (kind === "audio") return "sound";
  if (kind === "document") return modality === "text" ? "passage" : "page";
  return kind === "text" ? "passage" : "picture";
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
  return { aspect: aspect ?? usual, least: LEAST[look] };
}

/**
 * Width over height as the metadata state it.
 * @param {Hit} hit
 */
function statedAspect({ metadata: { width, height } }) {
  const areSizes = typeof width === "number" && typeof height === "number";
  return areSizes && width > 0 && height > 0 ? width / height : undefined;
}
