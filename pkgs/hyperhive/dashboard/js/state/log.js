// Owns the live log of the agent whose page is open: a window onto its events that moves, but never grows
// beyond what a browser holds with ease.
import { noPages, pagedReducer, upsertAll } from "./paged.js";

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
 * `rows` are the events between the cursors. While they do not reach the live end, `tail` and `missed` are the
 * last live events and how many came that are not among the rows. `from` is the event that the window was opened
 * at, if not the live end.
 */
export const noLog = {
  ...noPages,
  agent: null,
  show: "all",
  from: null,
  rows: [],
  missed: 0,
  tail: [],
  live: false,
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

// Where the pages end the live events begin, if none of them was let go of in between.
function withNewer(log, next, events) {
  const rows = append(log.rows, events);
  const last = rows.at(-1)?.id ?? log.after;
  const lacks = log.tail.length === TAIL && log.tail[0].id > last;
  if (next.after !== null || lacks) return keepNewest({ ...next, rows, after: next.after ?? last });
  const tail = log.tail.filter(({ id }) => id > last);
  return keepNewest({ ...next, rows: [...rows, ...tail], missed: 0, tail: [] });
}

function withPages(log, action) {
  const next = pagedReducer("log", log, action, log.rows.length > 0);
  if (action.type !== "page/came" || next === log) return next;
  const events = [...action.page.events].reverse();
  return action.cursor === "after" ? withNewer(log, next, events) : keepOldest({ ...next, rows: [...events, ...log.rows] });
}

function anew({ agent, show, opened }, fields) {
  return { ...noLog, agent, show, opened: opened + 1, status: "loading", ...fields };
}

export function logReducer(log, action) {
  switch (action.type) {
    case "log/open":
      return action.agent === log.agent ? log : anew(log, { agent: action.agent });
    case "log/show":
      return anew(log, { show: action.show, from: action.from ?? null });
    case "log/first":
      return withFirst(log, action);
    case "log/caught-up":
      return withLive({ ...log, status: "ready", live: true, error: null }, action.events);
    // While a page is on its way the connection holds them back; these are of one that was given up.
    case "log/events":
      return log.status === "loading" ? log : withLive(log, action.events);
    case "log/lost":
      return { ...log, live: false };
    case "log/trim":
      return log.after === null && log.rows.length > KEPT ? keepNewest(log, KEPT) : log;
    default:
      return withPages(log, action);
  }
}

/** What the operator cleared from view in this tab: per agent the newest event that is hidden. */
export const nothingCleared = {};

export function clearedReducer(cleared, action) {
  switch (action.type) {
    case "cleared/upTo":
      return { ...cleared, [action.agent]: action.id };
    case "cleared/undo": {
      const { [action.agent]: _, ...others } = cleared;
      return others;
    }
    default:
      return cleared;
  }
}

/** Whether an event of the agent is in view. */
export function isShown(cleared, event) {
  return !(event.id <= cleared[event.agent]);
}
