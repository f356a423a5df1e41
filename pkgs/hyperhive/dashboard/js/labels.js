// The page's labels of the broker's states, kinds and rules. Pure.
import { clock, shortTool, stopwatch } from "./format.js";

const OPERATOR = "operator";

export const AGENT_STATES = {
  offline: "offline",
  stopped: "stopped",
  stopping: "stopping",
  starting: "starting",
  idle: "idle",
  waiting: "waiting",
  working: "working",
  rate_limited: "rate limited",
  needs_login: "needs login",
  over_budget: "over budget",
  silent: "no answer",
  failed: "failed",
};

const NO_DETAIL = {
  offline: "no harness is connected",
  stopped: "does not run; its mail waits",
  stopping: "ends what it does",
  starting: "starting Claude Code",
  idle: "waiting for mail",
  waiting: "waits for an answer",
  working: "thinking",
  rate_limited: "waits for the limit to end",
  needs_login: "log in through the agent's terminal",
  over_budget: "its budget of the day is used up",
  silent: "its model says nothing",
  failed: "no reason was given",
};

/** The state of `doing` in a word or three: `working`, `waiting for you`, `waiting for bob`. */
export function stateLabel({ state, on }) {
  if (state === "waiting") return `waiting for ${on === OPERATOR ? "you" : on}`;
  return AGENT_STATES[state] ?? state;
}

/** One line under the agent's name, from `doing`: what it does, or why it does not. */
export function agentDetail({ state, since, detail, until, tool, others, question }, now) {
  if (tool) return `${shortTool(tool)} for ${stopwatch(now - since)}${others ? `, ${others} more beside it` : ""}`;
  if (question != null) return `question ${question}`;
  const reason = detail || NO_DETAIL[state] || "";
  if (until === null) return reason;
  return `until ${clock(until, now, { seconds: false })} · ${reason}`;
}

const sure = (verb) => (agent) =>
  `Yes, ${verb} it${agent.status.state === "working" ? " and end its turn" : ""}`;

/** What can be done to what runs an agent; `confirm` is asked back. */
export const LIFECYCLE = {
  start: { label: "Start", busy: "Starting…" },
  stop: { label: "Stop", busy: "Stopping…", confirm: sure("stop") },
  restart: { label: "Restart", busy: "Restarting…", confirm: sure("restart") },
};

export const MESSAGE_STATES = {
  queued: "waits in the recipient's queue",
  leased: "a running turn carries it",
  acked: "the turn that carried it ended well",
  parked: "turns failed with it; you decide what becomes of it",
  undeliverable: "the recipient is gone, or you dropped it; its sender was told",
  refused: "it was never delivered",
};

/** Kinds that are said beside a message; a plain text is not. */
export const MESSAGE_KINDS = {
  question_asked: "question",
  question_answered: "answer",
  question_cancelled: "question cancelled",
  question_expired: "question expired",
  undeliverable: "returned",
  notice: "notice",
};

const RULES = {
  recipient_denied: (message) => `${message.sender} may not write to ${message.recipient}.`,
  loop_rate: () => "Too many messages to this recipient within a minute.",
  loop_duplicate: () => "The same text went to this recipient too often.",
  loop_ping_pong: () => "The two went back and forth with nobody else taking part.",
};

/** Why a message was refused, in a sentence; empty for a rule that is not known. */
export function refusal(message) {
  return Object.hasOwn(RULES, message.refused_rule) ? RULES[message.refused_rule](message) : "";
}

const NEEDS = {
  questions: ({ count }) => [count === 1 ? "1 question" : `${count} questions`, "for you"],
  unread: ({ count }) => [`${count} unread`, count === 1 ? "message" : "messages"],
  parked: ({ count }) => [`${count} parked`, count === 1 ? "message" : "messages"],
  failed: (need) => [who(need), "failed"],
  silent: (need) => [who(need), need.count === 1 ? "gets no answer" : "get no answer"],
  needs_login: (need) => [who(need), need.count === 1 ? "needs login" : "need login"],
  rate_limited: (need) => [who(need), need.count === 1 ? "is rate limited" : "are rate limited"],
  over_budget: (need) => [who(need), need.count === 1 ? "is over budget" : "are over budget"],
};

function who({ count, agents }) {
  return count === 1 ? agents[0] : `${count} agents`;
}

/** [emphasis, rest] of one need in the top line. */
export function needLabel(need) {
  return NEEDS[need.kind](need);
}
