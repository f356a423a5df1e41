// Owns the page's time: the broker's clock, since every time on the page is one of the broker's.

/** Below this the two clocks agree; the header has whole seconds and some delay. */
const TOLERANCE = 2;

let ahead = 0;

/** Takes a response's Date header. */
export function noteServerTime(header) {
  const server = Date.parse(header) / 1000;
  if (Number.isNaN(server)) return;
  const difference = server - Date.now() / 1000;
  ahead = Math.abs(difference) > TOLERANCE ? difference : 0;
}

/** Seconds since 1970 by the broker's clock. */
export function now() {
  return Date.now() / 1000 + ahead;
}
