// Owns the operator's inbox: messages to the operator that nobody has marked read, oldest first.
import { upsert, without } from "./rows.js";

const OPERATOR = "operator";
const UNREAD = new Set(["queued", "leased"]);

/** Most messages a snapshot carries; a full one means that there may be more behind it. */
export const INBOX_LIMIT = 500;

export const noInbox = { rows: [], partial: false };

/** Whether so much of a partial inbox was read that the rest should be fetched. */
export function wantsMore(inbox) {
  return inbox.partial && inbox.rows.length < INBOX_LIMIT / 5;
}

export function inboxReducer(inbox, action) {
  if (action.type === "snapshot") {
    const rows = action.snapshot.inbox;
    return { rows, partial: rows.length >= INBOX_LIMIT };
  }
  if (action.type !== "message" || action.data.recipient !== OPERATOR) return inbox;
  const { rows } = inbox;
  const next = UNREAD.has(action.data.state) ? upsert(rows, action.data) : without(rows, action.data.id);
  return next === rows ? inbox : { ...inbox, rows: next };
}
