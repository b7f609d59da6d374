/** Names of items, for people. */

/**
 * The last part of a path or an address, without what stands behind its mark; the whole where there is no part.
 * @param {string} source
 */
export function fileName(source) {
  const parts = source.split(/[\\/]/).filter((part) => part !== "");
  return parts.at(-1) ?? source;
}
