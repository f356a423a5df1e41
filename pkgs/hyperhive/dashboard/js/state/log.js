// Owns the live log of the one agent whose panel is open: its events, and how they group into turns.
import { upsertAll } from "./rows.js";

/** Events that stay when the log is trimmed at its live end. */
export const KEPT = 600;

/** `before` asks for the next older page; null when there is none. */
export const noLog = { agent: null, rows: [], before: null, status: "closed", live: false, error: null };

export function logReducer(log, action) {
  if (action.type === "log/open") {
    return action.agent === log.agent ? log : { ...noLog, agent: action.agent, status: "loading" };
  }
  if (action.type === "log/close") return log.agent ? noLog : log;
  if (!action.type.startsWith("log/") || action.agent !== log.agent) return log;
  switch (action.type) {
    // The first page after a (re)connect. It joins what is known only where it overlaps it.
    case "log/latest": {
      const { events, next_before: before } = action.page;
      const lowest = Math.min(...events.map((event) => event.id));
      const joins = log.rows.length > 0 && lowest <= log.rows.at(-1).id;
      const rows = upsertAll(joins ? log.rows : [], [...events, ...action.more]);
      return { ...log, rows, before: joins ? log.before : before, status: "ready", live: true, error: null };
    }
    case "log/events":
      return { ...log, rows: upsertAll(log.rows, action.events) };
    case "log/loading":
      return { ...log, status: "paging" };
    case "log/older":
      if (log.status !== "paging") return log;
      return {
        ...log,
        rows: upsertAll(log.rows, action.page.events),
        before: action.page.next_before,
        status: "ready",
        error: null,
      };
    case "log/failed":
      return { ...log, status: log.rows.length ? "ready" : "failed", error: action.error };
    case "log/lost":
      return { ...log, live: false };
    case "log/trim":
      if (log.rows.length <= KEPT) return log;
      return { ...log, rows: log.rows.slice(-KEPT), before: log.rows.at(-KEPT).id };
    default:
      return log;
  }
}

/**
 * Events as the panel shows them: a result goes to the tool call it belongs to, the end of a turn
 * stays a row of its own. Each row is {event, result}, `result` null or the result's event.
 */
export function logRows(events) {
  const rows = [];
  const calls = new Map();
  for (const event of events) {
    const call = event.kind === "tool_result" ? calls.get(`${event.turn} ${event.data.id}`) : undefined;
    if (call) {
      call.result = event;
      continue;
    }
    const row = { event, result: null };
    if (event.kind === "tool_use") calls.set(`${event.turn} ${event.data.id}`, row);
    rows.push(row);
  }
  return rows;
}
