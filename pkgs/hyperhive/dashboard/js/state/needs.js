// Decides what needs the operator: the one line on top of the page.
import { stateOf, STUCK } from "./agents.js";
import { openForOperator } from "./questions.js";

/** What waits for the operator, most pressing first: {kind, count, agents?}. */
export function needs(state) {
  const found = [];
  const questions = openForOperator(state.questions).length;
  if (questions) found.push({ kind: "questions", count: questions });
  const { unread } = state.inbox;
  if (unread) found.push({ kind: "unread", count: unread });
  const parked = state.parked.rows.length;
  if (parked) found.push({ kind: "parked", count: parked });
  for (const stuck of STUCK) {
    const agents = state.agents.filter((agent) => stateOf(agent) === stuck).map((agent) => agent.name);
    if (agents.length) found.push({ kind: stuck, count: agents.length, agents });
  }
  return found;
}

/** Counts of the quiet form of the line: {total, working}. */
export function activity(state) {
  const working = state.agents.filter((agent) => agent.status.state === "working").length;
  return { total: state.agents.length, working };
}
