// Owns the live log of the agent whose page is open: a window onto its events that moves, but never grows
// beyond what a browser holds with ease.
import { upsertAll } from "./rows.js";

/** Events that stay when the log is trimmed at its live end. */
export const KEPT = 600;
/** Most events that are held, and the most characters of their data. */
export const MOST = 4000;
export const MOST_LENGTH = 12_000_000;
/** Live events that are held while the window does not reach the live end. */
const TAIL = 500;

/** The kinds of each choice of what to show; null shows all. */
export const SHOWN = {
  all: null,
  turns: ["turn_start", "turn_end"],
  text: ["turn_start", "text", "turn_end"],
  tools: ["tool_use", "tool_result", "refused"],
  refusals: ["refused"],
};

/**
 * `before` asks for the next older page, null at the beginning. `after` asks for the next newer one, null
 * while the rows reach the live end; `tail` and `missed` are then the last live events and how many came that
 * are not among the rows. `from` is the event that the window was opened at, if not the live end;
 * `opened` counts how often it was opened anew.
 * `status`: closed, loading, ready, paging (an older page), forward (a newer page), failed.
 */
export const noLog = {
  agent: null,
  show: "all",
  from: null,
  opened: 0,
  rows: [],
  before: null,
  after: null,
  missed: 0,
  tail: [],
  status: "closed",
  live: false,
  error: null,
};

const lengths = new WeakMap();

function lengthOf(event) {
  if (!lengths.has(event)) lengths.set(event, JSON.stringify(event.data).length);
  return lengths.get(event);
}

// How many rows fit, counted from the end that stays.
function fitting(rows, most = MOST) {
  let length = 0;
  for (let count = 0; count < rows.length; count += 1) {
    length += lengthOf(rows[count]);
    if (count === most || (count && length > MOST_LENGTH)) return count;
  }
  return rows.length;
}

function keepNewest(log, most) {
  const count = fitting([...log.rows].reverse(), most);
  if (count === log.rows.length) return log;
  const rows = log.rows.slice(-count);
  return { ...log, rows, before: rows[0].id };
}

function keepOldest(log) {
  const count = fitting(log.rows);
  if (count === log.rows.length) return log;
  const rows = log.rows.slice(0, count);
  return { ...log, rows, after: rows.at(-1).id, tail: [] };
}

function append(rows, events) {
  const last = rows.at(-1)?.id ?? -1;
  const ascending = events.every((event, at) => event.id > (at ? events[at - 1].id : last));
  return ascending ? [...rows, ...events] : upsertAll(rows, events);
}

function shown(log, events) {
  const kinds = SHOWN[log.show];
  return kinds ? events.filter(({ kind }) => kinds.includes(kind)) : events;
}

function withLive(log, more) {
  const events = shown(log, more);
  if (!events.length) return log;
  if (log.after !== null) {
    return { ...log, missed: log.missed + events.length, tail: [...log.tail, ...events].slice(-TAIL) };
  }
  const rows = append(log.rows, events);
  const kept = keepOldest({ ...log, rows });
  return { ...kept, missed: rows.length - kept.rows.length };
}

// The newest page, or the page that the window was opened at.
function withFirst(log, { page, more }) {
  const rows = [...page.events].reverse();
  const first = { ...log, rows, status: "ready", live: true, error: null, missed: 0, tail: [] };
  const before = log.from === null ? page.next_before : (rows[0]?.id ?? log.from);
  return withLive({ ...first, before, after: page.next_after }, more.filter(({ id }) => !rows.length || id > rows.at(-1).id));
}

function withOlder(log, { page }) {
  const rows = [...[...page.events].reverse(), ...log.rows];
  return keepOldest({ ...log, rows, before: page.next_before, status: "ready", error: null });
}

// Where the pages end the live events begin, if none of them was let go of in between.
function withNewer(log, { page }) {
  const rows = append(log.rows, [...page.events].reverse());
  const last = rows.at(-1)?.id ?? log.after;
  const after = page.next_after ?? (log.tail.length === TAIL && log.tail[0].id > last ? last : null);
  const next = { ...log, rows, after, status: "ready", error: null };
  if (after !== null) return keepNewest(next);
  const tail = log.tail.filter(({ id }) => id > last);
  return keepNewest({ ...next, rows: [...rows, ...tail], missed: 0, tail: [] });
}

function answered(log, action) {
  if (action.show !== log.show) return log;
  switch (action.type) {
    case "log/first":
      return withFirst(log, action);
    case "log/caught-up":
      return withLive({ ...log, status: "ready", live: true, error: null }, action.events);
    case "log/older":
      return log.status === "paging" ? withOlder(log, action) : log;
    case "log/newer":
      return log.status === "forward" ? withNewer(log, action) : log;
    default:
      return log;
  }
}

function anew({ agent, show, opened }, fields) {
  return { ...noLog, agent, show, opened: opened + 1, status: "loading", ...fields };
}

export function logReducer(log, action) {
  if (action.type === "log/open") {
    return action.agent === log.agent ? log : anew(log, { agent: action.agent });
  }
  if (!action.type.startsWith("log/") || action.agent !== log.agent) return log;
  switch (action.type) {
    case "log/show":
      return anew(log, { show: action.show, from: action.from ?? null });
    // While a page is on its way the connection holds them back; these are of one that was given up.
    case "log/events":
      return log.status === "loading" ? log : withLive(log, action.events);
    case "log/loading":
      return { ...log, status: action.forward ? "forward" : "paging" };
    case "log/failed":
      return { ...log, status: log.rows.length ? "ready" : "failed", error: action.error };
    case "log/lost":
      return { ...log, live: false };
    case "log/trim":
      return log.after === null && log.rows.length > KEPT ? keepNewest(log, KEPT) : log;
    default:
      return answered(log, action);
  }
}
