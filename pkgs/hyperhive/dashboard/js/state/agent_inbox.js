// Owns the inbox of the agent whose page is open: what waits for it, and what it got lately.
import { noPages, pagedReducer, reaches, upsertAll } from "./paged.js";

const WAITING = new Set(["queued", "leased"]);

/** Most messages that are held; the message flow leads further back. */
export const MOST = 1000;

/**
 * Every message to the agent that waits is known, unless `partial`, and of the others every one from `before`
 * on. `held` are rows of an earlier connection, shown until the pages have come again; null before the first.
 */
export const noAgentInbox = { ...noPages, agent: null, partial: false, held: null };

/** Whether the message waits for the agent, or is one of those that it got lately. */
export function isInAgentInbox(inbox, message) {
  return message.recipient === inbox.agent && (WAITING.has(message.state) || reaches(inbox, message.id));
}

/** Messages to the agent, ascending by id. */
export function agentInboxRows({ messages, agentInbox }) {
  const rows = messages.filter((message) => message.recipient === agentInbox.agent);
  return upsertAll(agentInbox.held ?? [], rows).filter((message) => isInAgentInbox(agentInbox, message));
}

/** What a turn carries or the queue holds, oldest first. */
export function waiting(rows) {
  return rows.filter((row) => WAITING.has(row.state));
}

/** What has an end, newest first; parked mail has none yet. */
export function recent(rows) {
  return rows.filter((row) => !WAITING.has(row.state) && row.state !== "parked").reverse();
}

// What is shown stays until the pages are there.
function opened(inbox, agent) {
  const known = agent === inbox.agent ? inbox : noAgentInbox;
  return { ...known, agent, opened: inbox.opened + 1, status: "loading", error: null };
}

function withFirst(inbox, { page, waits }) {
  const partial = waits.some((one) => one.next_before !== null);
  return { ...inbox, before: page.next_before, partial, held: [], status: "ready", error: null };
}

/** `messages` are those before the action: a snapshot takes away what is shown. */
export function agentInboxReducer(inbox, action, messages) {
  switch (action.type) {
    case "snapshot": {
      if (inbox.status === "closed") return inbox;
      const held = inbox.held && agentInboxRows({ messages, agentInbox: inbox });
      return { ...inbox, held, opened: inbox.opened + 1, status: "stale" };
    }
    case "agentInbox/open":
      return opened(inbox, action.agent);
    case "agentInbox/close":
      return { ...noAgentInbox, opened: inbox.opened + 1 };
    case "agentInbox/first":
      return inbox.status === "loading" ? withFirst(inbox, action) : inbox;
    default:
      return pagedReducer("agentInbox", inbox, action, inbox.held?.length > 0);
  }
}
