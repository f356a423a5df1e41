// Owns the mail of the agent whose inbox is open: what waits for it, and what it got lately.
import { upsert, upsertAll } from "./rows.js";

const WAITING = new Set(["queued", "leased"]);

/** Most messages that are held; the message flow leads further back. */
export const MOST = 1000;

/**
 * `rows` are messages to the agent, ascending by id: every one that waits, unless `partial`, and of the others
 * every one from `floor` on; 0 is the beginning. `fresh` are those that changed since they were asked for.
 * `status`: closed, loading, ready, paging, stale (to be loaded again), failed.
 */
export const noMail = {
  agent: null,
  rows: [],
  fresh: [],
  floor: Infinity,
  partial: false,
  status: "closed",
  error: null,
};

/** What a turn carries or the queue holds, oldest first. */
export function waiting(mail) {
  return mail.rows.filter((row) => WAITING.has(row.state));
}

/** What has an end, newest first. */
export function recent(mail) {
  return mail.rows.filter((row) => row.id >= mail.floor && !WAITING.has(row.state)).reverse();
}

function withPage(mail, { page, waits }) {
  const rows = upsertAll([...waits.flatMap((one) => one.messages), ...page.messages], mail.fresh);
  const partial = waits.some((one) => one.next_before !== null);
  return { ...mail, rows, fresh: [], floor: page.next_before ?? 0, partial, status: "ready", error: null };
}

function withMessage(mail, message) {
  if (message.recipient !== mail.agent) return mail;
  const fresh = mail.status === "loading" ? upsert(mail.fresh, message) : mail.fresh;
  return { ...mail, rows: upsert(mail.rows, message), fresh };
}

// What is shown stays until the pages are there; what changes from now on wins over them.
function opened(mail, agent) {
  const known = agent === mail.agent ? mail : noMail;
  return { ...known, agent, fresh: [], status: "loading", error: null };
}

export function mailReducer(mail, action) {
  if (action.type === "snapshot") return mail.status === "closed" ? mail : { ...mail, status: "stale" };
  if (action.type === "message") return withMessage(mail, action.data);
  if (action.type === "mail/close") return noMail;
  if (action.type === "mail/open") return opened(mail, action.agent);
  if (!action.type.startsWith("mail/") || action.agent !== mail.agent) return mail;
  switch (action.type) {
    case "mail/page":
      return mail.status === "loading" ? withPage(mail, action) : mail;
    case "mail/loading":
      return { ...mail, status: "paging", error: null };
    case "mail/older": {
      if (mail.status !== "paging") return mail;
      const rows = upsertAll(action.page.messages, mail.rows);
      return { ...mail, rows, floor: action.page.next_before ?? 0, status: "ready" };
    }
    case "mail/failed":
      return { ...mail, status: mail.rows.length ? "ready" : "failed", error: action.error };
    default:
      return mail;
  }
}
