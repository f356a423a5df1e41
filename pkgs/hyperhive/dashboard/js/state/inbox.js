// Owns the operator's inbox: messages to the operator that nobody has marked read, oldest first.
import { anew, find, noPages, pagedReducer, reaches } from "./paged.js";

const OPERATOR = "operator";
const UNREAD = new Set(["queued", "leased"]);

/**
 * `unread` counts all of them. `sought` is the id of the message that an address named, null for none;
 * `seeking` says that it is looked for behind what is known.
 */
export const noInbox = { ...noPages, unread: 0, sought: null, seeking: false };

export function isUnread({ recipient, state }) {
  return recipient === OPERATOR && UNREAD.has(state);
}

/** The rows of the inbox; others may be unread behind them. */
export function inboxRows({ messages, inbox }) {
  return messages.filter((message) => isUnread(message) && reaches(inbox, message.id));
}

/** Whether there are unread messages that are not among the rows. */
export function hasMore(inbox) {
  return inbox.after !== null;
}

/** The message that is sought, undefined where it is not known, or not unread. */
export function soughtMessage({ messages, inbox }) {
  const message = find(messages, inbox.sought);
  return message && isUnread(message) ? message : undefined;
}

function withMessage(inbox, { data, unread }) {
  if (data.recipient !== OPERATOR) return inbox;
  const read = data.id === inbox.sought && !isUnread(data);
  return { ...inbox, unread, ...(read && { sought: null, seeking: false }) };
}

function seek(inbox, id, messages) {
  const next = { ...inbox, sought: id, seeking: false };
  if (soughtMessage({ messages, inbox: next })) return next;
  return hasMore(inbox) ? { ...next, seeking: true } : { ...next, sought: null };
}

function found(inbox, { id, error = null }, messages) {
  if (id !== inbox.sought) return inbox;
  const next = { ...inbox, seeking: false };
  return soughtMessage({ messages, inbox }) ? next : { ...next, sought: null, error: error ?? inbox.error };
}

/** `messages` are those after the action. */
export function inboxReducer(inbox, action, messages) {
  switch (action.type) {
    case "snapshot":
      return anew(inbox, { after: action.snapshot.inbox_after, unread: action.snapshot.unread, seeking: false });
    case "message":
      return withMessage(inbox, action);
    case "inbox/seek":
      return seek(inbox, action.id, messages);
    case "inbox/found":
      return found(inbox, action, messages);
    default:
      return pagedReducer("inbox", inbox, action);
  }
}
