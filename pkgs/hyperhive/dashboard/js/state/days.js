// Owns the rows of the message flow: a row for each message, and one wherever another day begins.

const ofMessages = new WeakMap();
const ofDays = new Map();

// The same object every time, so that a list knows it again and draws nothing twice.
function kept(store, key, make) {
  if (!store.has(key)) store.set(key, make());
  return store.get(key);
}

/** Days begin at a multiple of this, in seconds, in every time zone. */
const QUARTER = 900;
let latest = { quarter: null, day: "" };

// A day's name costs more than all else of a row, and neighbours share it.
function dayOf(at) {
  const quarter = Math.floor(at / QUARTER);
  if (quarter !== latest.quarter) latest = { quarter, day: new Date(at * 1000).toDateString() };
  return latest.day;
}

/**
 * {key, message, day} for each message and each day, one of both null; `day` is a time of that day in seconds.
 * Above the first message there is no day when that is the day of `now`.
 */
export function withDays(messages, now) {
  let day = dayOf(now);
  const rows = [];
  for (const message of messages) {
    const at = message.sent_at;
    const its = dayOf(at);
    if (its !== day) rows.push(kept(ofDays, its, () => ({ key: `day-${its}`, message: null, day: at })));
    day = its;
    rows.push(kept(ofMessages, message, () => ({ key: message.id, message, day: null })));
  }
  return rows;
}
