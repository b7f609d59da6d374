/** Places in items as people write them. */

/**
 * Seconds as a clock shows them: 0:07, 12:30, 1:02:03.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const tail = String(rest).padStart(2, "0");
  return hours === 0
    ? `${minutes}:${tail}`
    : `${hours}:${String(minutes).padStart(2, "0")}:${tail}`;
}

/**
 * From the first second to the last, the end rounded up.
 * @param {number} start
 * @param {number} end
 */
export function clockSpan(start, end) {
  return `${clock(start)}–${clock(Math.ceil(end))}`;
}
