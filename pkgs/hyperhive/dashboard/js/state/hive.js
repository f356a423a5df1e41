// The whole state of the page and its one reducer. No file in this folder knows the DOM or the network.
import { agentInboxReducer, isInAgentInbox, noAgentInbox } from "./agent_inbox.js";
import { agentsReducer, noAgents } from "./agents.js";
import { flowReducer, isInFlow, noFlow } from "./flow.js";
import { inboxReducer, isUnread, noInbox } from "./inbox.js";
import { clearedReducer, logReducer, noLog, nothingCleared } from "./log.js";
import { changesReducer, messagesReducer, noChanges, noMessages } from "./messages.js";
import { noNotices, noticesReducer } from "./notices.js";
import { isLate, isWaiting, reaches } from "./paged.js";
import { noParked, parkedReducer } from "./parked.js";
import { noQuestions, questionsReducer } from "./questions.js";

/**
 * `seq` is the newest frame in the state, -1 before the first snapshot. `link` is the stream to the
 * broker: `connecting`, `live` or `lost`; `retryAt` and `asOf` in seconds, `error` a sentence.
 */
export const initial = {
  boot: null,
  seq: -1,
  version: "",
  link: { state: "connecting", retryAt: null, asOf: null, error: null },
  agents: noAgents,
  messages: noMessages,
  changes: noChanges,
  flow: noFlow,
  inbox: noInbox,
  agentInbox: noAgentInbox,
  parked: noParked,
  questions: noQuestions,
  notices: noNotices,
  log: noLog,
  cleared: nothingCleared,
};

const FRAMES = new Set(["message", "question", "agent", "notice"]);

/** Whether a first snapshot has arrived, so that "nothing" means nothing. */
export function isReady(state) {
  return state.boot !== null;
}

function header(state, action) {
  switch (action.type) {
    case "snapshot": {
      const { seq, boot, version } = action.snapshot;
      return { seq, boot, version };
    }
    case "link":
      return { link: { ...state.link, ...action.link } };
    default:
      return FRAMES.has(action.type) ? { seq: action.seq } : {};
  }
}

/** Unread messages that are kept although no list shows them yet: those that came last. */
const MOST_BEYOND = 100;

function isAwaitingMessages({ flow, inbox, agentInbox }) {
  return inbox.seeking || [flow, inbox, agentInbox].some(isWaiting);
}

// Lets go of messages that no list needs any more. While an answer is on its way they are known to be newer.
function withoutUnneeded(state) {
  const { messages, flow, inbox, agentInbox } = state;
  if (isAwaitingMessages(state)) return state;
  const unread = messages.filter(isUnread);
  const beyond = unread.filter(({ id }) => !reaches(inbox, id));
  const gone = new Set(beyond.slice(0, -MOST_BEYOND).filter(({ id }) => id !== inbox.sought));
  const needs = (one) => isInFlow(flow, one) || isInAgentInbox(agentInbox, one) || (isUnread(one) && !gone.has(one));
  return { ...state, messages: messages.filter(needs) };
}

/** State after `action`: a snapshot, a frame of the stream, or what the page did itself. */
export function hiveReducer(state, action) {
  if (FRAMES.has(action.type) && action.seq <= state.seq) return state;
  if (isLate(state, action)) return state;
  const messages = messagesReducer(state.messages, action, state.changes);
  const next = {
    ...state,
    ...header(state, action),
    agents: agentsReducer(state.agents, action),
    messages,
    changes: changesReducer(state.changes, action, messages, isAwaitingMessages(state)),
    flow: flowReducer(state.flow, action, messages),
    inbox: inboxReducer(state.inbox, action, messages),
    agentInbox: agentInboxReducer(state.agentInbox, action, state.messages),
    parked: parkedReducer(state.parked, action),
    questions: questionsReducer(state.questions, action),
    notices: noticesReducer(state.notices, action),
    log: logReducer(state.log, action),
    cleared: clearedReducer(state.cleared, action),
  };
  return next.flow.whole > state.flow.whole ? withoutUnneeded(next) : next;
}

/** The action of a stream frame; `at` is the time of arrival in seconds. */
export function frameAction(frame, at, boot) {
  const { kind, ...rest } = frame;
  return { type: kind, ...rest, at, boot };
}
