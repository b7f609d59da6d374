/** A service without a browser and without a network, for tests of actions. */

/** @param {object} [parts] of it that answer in another way */
export function fakeService(parts = {}) {
  const written = [];
  const scrolled = [];
  return {
    written,
    scrolled,
    address: {
      write: (query, options) => written.push({ query, options }),
      goBack: () => false,
      ...parts.address,
    },
    api: { ...parts.api },
    early: { take: () => null },
    files: { copy: () => Promise.resolve(), ...parts.files },
    media: {
      measure: () => Promise.resolve(),
      shape: () => undefined,
      path: (...path) => path.join("/"),
    },
    player: { onChange: () => undefined, stop: () => undefined, ...parts.player },
    recorder: { ...parts.recorder },
    scroll: {
      top: () => 77,
      to: (top) => scrolled.push(top),
      toHit: (index) => scrolled.push({ index }),
    },
    sightOf: () => () => undefined,
  };
}

/** What was promised, and whatever follows from it, has been dealt with. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A promise that a test keeps when it likes. */
export function deferred() {
  let [resolve, reject] = [() => undefined, () => undefined];
  const promise = new Promise((keep, fail) => {
    [resolve, reject] = [keep, fail];
  });
  return { promise, resolve, reject };
}
