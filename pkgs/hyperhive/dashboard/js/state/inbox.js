// Owns the operator's inbox: messages to the operator that nobody has marked read, oldest first.
import { upsert, upsertAll, without } from "./rows.js";

const OPERATOR = "operator";
const UNREAD = new Set(["queued", "leased"]);

/**
 * `rows` ascend by id; every unread message with an id up to `reach` is among them, Infinity when that is all.
 * `unread` counts all. `during` holds what came while a page is on its way, null when none is.
 */
export const noInbox = { rows: [], reach: Infinity, unread: 0, during: null, error: null };

/** Whether there are unread messages that are not among the rows. */
export function hasMore(inbox) {
  return inbox.reach !== Infinity;
}

function withMessage(inbox, message) {
  const known = UNREAD.has(message.state) && message.id <= inbox.reach;
  const rows = known ? upsert(inbox.rows, message) : without(inbox.rows, message.id);
  return rows === inbox.rows ? inbox : { ...inbox, rows };
}

function fromFrame(inbox, { data, unread }) {
  if (data.recipient !== OPERATOR) return inbox;
  const during = inbox.during && [...inbox.during, data];
  return { ...withMessage(inbox, data), unread, during };
}

function withPage(inbox, { messages, next_after: next }) {
  const rows = upsertAll(inbox.rows, messages);
  const whole = { ...inbox, rows, reach: next ?? Infinity, during: null, error: null };
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
