// The whole state of the page and its one reducer. No file in this folder knows the DOM or the network.
import { agentsReducer, noAgents } from "./agents.js";
import { clearedReducer, nothingCleared } from "./cleared.js";
import { inboxReducer, noInbox } from "./inbox.js";
import { logReducer, noLog } from "./log.js";
import { mailReducer, noMail } from "./mail.js";
import { messagesReducer, noMessages } from "./messages.js";
import { noNotices, noticesReducer } from "./notices.js";
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
  inbox: noInbox,
  questions: noQuestions,
  notices: noNotices,
  log: noLog,
  cleared: nothingCleared,
  mail: noMail,
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

/** State after `action`: a snapshot, a frame of the stream, or what the page did itself. */
export function hiveReducer(state, action) {
  if (FRAMES.has(action.type) && action.seq <= state.seq) return state;
  return {
    ...state,
    ...header(state, action),
    agents: agentsReducer(state.agents, action),
    messages: messagesReducer(state.messages, action),
    inbox: inboxReducer(state.inbox, action),
    questions: questionsReducer(state.questions, action),
    notices: noticesReducer(state.notices, action),
    log: logReducer(state.log, action),
    cleared: clearedReducer(state.cleared, action),
    mail: mailReducer(state.mail, action),
  };
}

/** The action of a stream frame; `at` is the time of arrival in seconds. */
export function frameAction(frame, at, boot) {
  const { kind, ...rest } = frame;
  return { type: kind, ...rest, at, boot };
}
