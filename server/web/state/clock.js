/** Waiting, which tests do by hand. */

/**
 * @typedef {{ later: (run: () => void, ms: number) => unknown, never: (timer: any) => void }} Clock
 */

/** @type {Clock} */
export const CLOCK = {
  later: (run, ms) => setTimeout(run, ms),
  never: (timer) => clearTimeout(timer),
};
