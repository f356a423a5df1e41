// Owns the operator's inbox: messages to the operator that nobody has marked read, oldest first.
import { upsert, upsertAll, without } from "./rows.js";

const OPERATOR = "operator";
const UNREAD = new Set(["queued", "leased"]);

/**
 * `rows` ascend by id; every unread message with an id up to `reach` is among them, Infinity when that is all.
 * `beyond` are the latest of those that came live and stand behind that. `unread` counts all of them.
 * `during` holds what came while a page is on its way, null when none is.
 */
export const noInbox = { rows: [], reach: Infinity, beyond: [], unread: 0, during: null, error: null };

const MOST_BEYOND = 100;

/** Whether there are unread messages that are not among the rows. */
export function hasMore(inbox) {
  return inbox.reach !== Infinity;
}

function withMessage(inbox, message) {
  if (!UNREAD.has(message.state)) {
    return { ...inbox, rows: without(inbox.rows, message.id), beyond: without(inbox.beyond, message.id) };
  }
  if (message.id <= inbox.reach) return { ...inbox, rows: upsert(inbox.rows, message) };
  return { ...inbox, beyond: upsert(inbox.beyond, message).slice(-MOST_BEYOND) };
}

function fromFrame(inbox, { data, unread }) {
  if (data.recipient !== OPERATOR) return inbox;
  const during = inbox.during && [...inbox.during, data];
  return { ...withMessage(inbox, data), unread, during };
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
      return { ...noInbox, rows, reach: after ?? Infinity, unread };
    }
    case "message":
      return fromFrame(inbox, action);
    case "inbox/loading":
      return { ...inbox, during: [], error: null };
    case "inbox/page":
      return inbox.during && action.reach === inbox.reach ? withPage(inbox, action.page) : inbox;
    case "inbox/failed":
      return inbox.during ? { ...inbox, during: null, error: action.error } : inbox;
    default:
      return inbox;
  }
}
