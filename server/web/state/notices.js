/**
 * What the page tells people besides what it shows: errors, and what they can still undo.
 *
 * @typedef {object} Notice
 * @property {string} id one notice of an id is shown
 * @property {"info" | "error"} tone
 * @property {string} text a sentence
 * @property {{ label: string, run: () => void }} [action] what its button does
 */

const MOST = 5; // beyond it the oldest go

/**
 * @param {readonly Notice[]} notices
 * @param {Notice} notice
 * @returns {Notice[]}
 */
export function withNotice(notices, notice) {
  return [...withoutNotice(notices, notice.id), notice].slice(-MOST);
}

/**
 * @param {readonly Notice[]} notices
 * @param {string} id
 * @returns {Notice[]}
 */
export function withoutNotice(notices, id) {
  return notices.filter((notice) => notice.id !== id);
}
