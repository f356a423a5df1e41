// Owns the operator's inbox: messages to the operator that nobody has marked read, oldest first.
import { find, upsert, upsertAll, without } from "./rows.js";

const OPERATOR = "operator";
const UNREAD = new Set(["queued", "leased"]);

/**
 * `rows` ascend by id; every unread message with an id up to `reach` is among them, Infinity when that is all.
 * `beyond` are the latest of those that came live and stand behind that. `unread` counts all of them.
 * `during` holds what came while a page is on its way, null when none is; `sought` is the id of the message that
 * an address named, null for none, and `seeking` is to it what `during` is to a page.
 */
export const noInbox = {
  rows: [],
  reach: Infinity,
  beyond: [],
  unread: 0,
  during: null,
  error: null,
  sought: null,
  seeking: null,
};

const MOST_BEYOND = 100;

/** Whether there are unread messages that are not among the rows. */
export function hasMore(inbox) {
  return inbox.reach !== Infinity;
}

/** The unread message of that id, undefined where none is known. */
export function letterOf(inbox, id) {
  return find(inbox.rows, id) ?? find(inbox.beyond, id);
}

/** Every unread message that the page knows of: also those that came behind the rows while it was away. */
export function knownUnread({ inbox, messages }) {
  if (!hasMore(inbox)) return inbox.rows;
  const inFlow = ({ id, recipient, state }) => id > inbox.reach && recipient === OPERATOR && UNREAD.has(state);
  return [...inbox.rows, ...upsertAll(inbox.beyond, messages.rows.filter(inFlow))];
}

function read(inbox, id) {
  const next = { ...inbox, rows: without(inbox.rows, id), beyond: without(inbox.beyond, id) };
  return id === inbox.sought ? { ...next, sought: null, seeking: null } : next;
}

function withMessage(inbox, message) {
  const { rows, beyond, reach, sought } = inbox;
  const { id } = message;
  if (!UNREAD.has(message.state)) return read(inbox, id);
  if (id <= reach) return { ...inbox, rows: upsert(rows, message) };
  const latest = upsert(beyond, message);
  const first = latest.length - MOST_BEYOND;
  return { ...inbox, beyond: latest.filter((row, index) => index >= first || row.id === sought) };
}

function fromFrame(inbox, { data, unread }) {
  if (data.recipient !== OPERATOR) return inbox;
  const next = withMessage(inbox, data);
  const noted = (list) => list && [...list, data];
  return { ...next, unread, during: noted(next.during), seeking: noted(next.seeking) };
}

function seek(inbox, id) {
  if (letterOf(inbox, id)) return { ...inbox, sought: id, seeking: null };
  return hasMore(inbox) ? { ...inbox, sought: id, seeking: [] } : { ...inbox, sought: null, seeking: null };
}

// What is not unread any more never becomes it again, so that answer is true however old it is.
function found(inbox, { id, message, error = null }) {
  if (id !== inbox.sought) return inbox;
  if (!message) return { ...read(inbox, id), error: error ?? inbox.error };
  const { seeking } = inbox;
  return seeking ? [message, ...seeking].reduce(withMessage, { ...inbox, seeking: null }) : inbox;
}

function withPage(inbox, { messages, next_after: next }) {
  const rows = upsertAll(inbox.rows, messages);
  const reach = next ?? Infinity;
  const beyond = inbox.beyond.filter((row) => row.id > reach);
  const whole = { ...inbox, rows, reach, beyond, during: null, error: null };
  return (inbox.during ?? []).reduce(withMessage, whole);
}

export function inboxReducer(inbox, action) {
  switch (action.type) {
    case "snapshot": {
      const { inbox: rows, inbox_after: after, unread } = action.snapshot;
      return { ...noInbox, rows, reach: after ?? Infinity, unread, sought: inbox.sought };
    }
    case "message":
      return fromFrame(inbox, action);
    case "inbox/loading":
      return { ...inbox, during: [], error: null };
    case "inbox/page":
      return inbox.during && action.reach === inbox.reach ? withPage(inbox, action.page) : inbox;
    case "inbox/failed":
      return inbox.during ? { ...inbox, during: null, error: action.error } : inbox;
    case "inbox/seek":
      return seek(inbox, action.id);
    case "inbox/found":
      return found(inbox, action);
    default:
      return inbox;
  }
}
