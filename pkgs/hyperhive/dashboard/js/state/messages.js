// Owns the messages that the page knows, each once; every list of messages is a part of them.
import { find, upsert, upsertAll } from "./paged.js";

/** Messages, ascending by id, each as the stream told it last. */
export const noMessages = [];

/** Names that the filter and the composer may offer besides the agents that exist now. */
export function correspondents(messages) {
  const names = new Set();
  for (const { sender, recipient } of messages) names.add(sender).add(recipient);
  return names;
}

/** Changes, ascending by id, of messages that may be in an answer that is on its way; they have no text. */
export const noChanges = [];

const isWhole = ({ body }) => body !== undefined;

/** Of a change that brings no text the message has its text already; of one that is not known nothing is lost. */
function withMessage(messages, data) {
  if (isWhole(data)) return upsert(messages, data);
  const known = find(messages, data.id);
  return known ? upsert(messages, { ...known, ...data }) : messages;
}

// Whatever changes is told by the stream: an answer is news only of a message that was not known.
function withAnswer(messages, changes, { page, waits = [] }) {
  const told = [page, ...waits].flatMap((one) => one?.messages ?? []);
  if (!told.length) return messages;
  return upsertAll(told.map((message) => ({ ...message, ...find(changes, message.id) })), messages);
}

/** A snapshot replaces what is known; `older` are pages that were fetched again with it. */
export function messagesReducer(messages, action, changes) {
  switch (action.type) {
    case "snapshot":
      return upsertAll(action.older ?? [], [...action.snapshot.inbox, ...action.snapshot.messages]);
    case "message":
      return withMessage(messages, action.data);
    default:
      return withAnswer(messages, changes, action);
  }
}

/** `messages` are those after the action; `isAwaited` says whether an answer may bring others. */
export function changesReducer(changes, action, messages, isAwaited) {
  if (action.type === "snapshot" || !isAwaited) return noChanges;
  if (action.type !== "message" || find(messages, action.data.id)) return changes;
  return upsert(changes, action.data);
}
