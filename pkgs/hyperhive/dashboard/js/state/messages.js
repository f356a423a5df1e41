// Owns the messages that the page knows, each once; every list of messages is a part of them.
import { upsert, upsertAll } from "./paged.js";

/** Messages, ascending by id, each as the stream told it last. */
export const noMessages = [];

/** Names that the filter and the composer may offer besides the agents that exist now. */
export function correspondents(messages) {
  const names = new Set();
  for (const { sender, recipient } of messages) names.add(sender).add(recipient);
  return names;
}

// Whatever changes is told by the stream: an answer is news only of a message that was not known.
function withAnswer(messages, { page, waits = [] }) {
  const told = [page, ...waits].flatMap((one) => one?.messages ?? []);
  return told.length ? upsertAll(told, messages) : messages;
}

/** A snapshot replaces what is known; `older` are pages that were fetched again with it. */
export function messagesReducer(messages, action) {
  switch (action.type) {
    case "snapshot":
      return upsertAll(action.older ?? [], [...action.snapshot.inbox, ...action.snapshot.messages]);
    case "message":
      return upsert(messages, action.data);
    default:
      return withAnswer(messages, action);
  }
}
