/** Names of items, for people. */

/**
 * The last part of a path or an address, without what stands behind its mark; the whole where there is no part.
 * @param {string} source
 */
export function fileName(source) {
  const parts = source.split(/[\\/]/).filter((part) => part !== "");
  return parts.at(-1) ?? source;
}

/**
 * What an item is called: its title, or the name of its file.
 * @param {{source: string, metadata: Readonly<Record<string, unknown>>}} item
 */
export function nameOf({ source, metadata }) {
  const named = [metadata.title, metadata.filename].find(
    (name) => typeof name === "string" && name,
  );
  return typeof named === "string" ? named : fileName(source);
}
