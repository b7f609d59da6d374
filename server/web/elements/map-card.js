/**
 * What a map tells of the point that is looked at: a card beside it, and the same aloud.
 *
 * @import { Point, Size } from "../state/map/view.js"
 *
 * @typedef {{ title: string, note: string, thumbnail: string | null }} Card what is told of an item
 */

const AWAY = 14; // pixels from the point

export class MapCard {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "map-card";
    this.element.hidden = true;
    this.told = document.createElement("p");
    this.told.className = "hidden";
    this.told.setAttribute("role", "status");
    /** @private */
    this.turn = 0;
  }

  /**
   * Show a card once it is known; a later one takes its place.
   *
   * @param {Promise<Card> | null} coming null hides it
   * @param {string} place of the item among the hits, or nothing
   * @param {boolean} aloud
   */
  async show(coming, place, aloud) {
    this.turn += 1;
    const { turn } = this;
    this.element.hidden = true;
    const card = coming && (await coming.catch(() => null));
    if (!card || turn !== this.turn) return;
    const title = document.createElement("strong");
    title.textContent = card.title;
    const note = document.createElement("span");
    note.className = "map-note";
    note.textContent = [place, card.note].filter(Boolean).join(" · ");
    this.element.replaceChildren(...pictureOf(card), title, note);
    this.element.hidden = false;
    if (aloud) this.told.textContent = `${card.title}. ${note.textContent}`;
  }

  /**
   * Put it beside a point, inside of the map.
   *
   * @param {Point} point
   * @param {Size} size
   */
  place(point, size) {
    const { style } = this.element;
    const isRight = point.x > size.width / 2;
    const isLow = point.y > size.height / 2;
    style.left = isRight ? "" : `${point.x + AWAY}px`;
    style.right = isRight ? `${size.width - point.x + AWAY}px` : "";
    style.top = isLow ? "" : `${point.y + AWAY}px`;
    style.bottom = isLow ? `${size.height - point.y + AWAY}px` : "";
  }
}

/** @param {Card} card */
function pictureOf(card) {
  if (card.thumbnail === null) return [];
  const image = document.createElement("img");
  image.src = card.thumbnail;
  image.alt = "";
  return [image];
}
