// Owns what the operator can do: every call that a view makes, with its effects on the store.
import { withQuery } from "./net/api.js";
import { keepConnected } from "./net/reconnect.js";
import { isFiltered, shown } from "./state/flow.js";
import { soughtMessage } from "./state/inbox.js";

const PAGE = 100;
/** A filtered list with fewer rows than this asks for an older page by itself. */
const ENOUGH = 30;

// What decides when one may be made is fetched with the first; where it cannot be had, none waits.
async function longCall(call) {
  const waits = await import("./net/long_calls.js").catch(() => null);
  return waits ? waits.longCall(call) : call();
}

// Comes with the view of a log.
const logStream = () => import("./net/log_stream.js");

/** How each list that pages asks for a page; `query` holds the cursor. */
const pageOf = {
  flow: (api, { filter }, query) => api.get(withQuery("/api/messages", { ...query, limit: PAGE, ...filter })),
  inbox: (api, _, query) => api.get(withQuery("/api/inbox", { ...query, limit: PAGE })),
  agentInbox: (api, { agent }, query) =>
    api.get(withQuery("/api/messages", { recipient: agent, limit: PAGE, ...query })),
  log: async (...asked) => (await logStream()).eventPage(...asked),
};

function pages(store, api) {
  return {
    /**
     * Fetches the page of a list behind its cursor `before` or `after`, which was at `from` when whoever asks
     * last looked; nothing where one is on its way, or has come since.
     */
    async fetchPage(list, cursor, from) {
      const state = store.state[list];
      if (state.status !== "ready" || from === null || from !== state[cursor]) return;
      const asked = { list, cursor, opened: state.opened };
      store.dispatch({ type: "page/asked", ...asked });
      try {
        store.dispatch({ type: "page/came", ...asked, page: await pageOf[list](api, state, { [cursor]: from }) });
      } catch (error) {
        store.dispatch({ type: "page/failed", ...asked, error: error.message });
      }
    },
  };
}

function conversation(store, api) {
  return {
    /** `key` is that of one draft: sending it twice after a lost answer is sending it once. */
    send: (to, body, inReplyTo, key) =>
      api.post("/api/messages", { to, body, in_reply_to: inReplyTo, idempotency_key: key }),
    /** Look for an unread message wherever it stands in the inbox, and say whether it is there. */
    async seekMessage(id) {
      store.dispatch({ type: "inbox/seek", id });
      const { seeking, opened } = store.state.inbox;
      if (seeking) {
        const answer = { type: "inbox/found", list: "inbox", opened, id };
        try {
          const page = await api.get(withQuery("/api/inbox", { after: id - 1, limit: 1 }));
          store.dispatch({ ...answer, page });
        } catch (error) {
          store.dispatch({ ...answer, error: error.message });
        }
      }
      return soughtMessage(store.state)?.id === id;
    },
    markRead: (ids) => api.post("/api/inbox/ack", { ids: ids.slice(0, 1000) }),
    retryMessage: (id) => api.post(`/api/messages/${id}/retry`),
    dropMessage: (id) => api.post(`/api/messages/${id}/drop`),
    answer: (id, answer) => api.post(`/api/questions/${id}/answer`, { answer }),
    cancelQuestion: (id) => api.post(`/api/questions/${id}/cancel`),
  };
}

function flow(store, { fetchPage }) {
  return {
    filterMessages(filter) {
      store.dispatch({ type: "flow/filter", filter });
      const { messages, flow: list } = store.state;
      if (isFiltered(filter) && shown(messages, list).length < ENOUGH) fetchPage("flow", "before", list.before);
    },
    trimMessages: () => store.dispatch({ type: "flow/trim" }),
  };
}

function agentLog({ store, api, openStream, schedule, onRefused }) {
  let following = null;
  let agent = null;
  let paused = false;

  function follow() {
    following?.stop();
    following = null;
    if (agent === null || paused) return;
    const { opened } = store.state.log;
    const parts = { store, api, openStream, agent, schedule };
    const connect = async (signal, up) => (await logStream()).logConnection(parts)(signal, up);
    following = keepConnected(connect, (error) => {
      store.dispatch({ type: "log/lost" });
      store.dispatch({ type: "page/failed", list: "log", opened, error: error.message });
      return onRefused(error) || error.status === 404;
    });
  }

  return {
    followLog(name) {
      agent = name;
      store.dispatch({ type: "log/open", agent });
      follow();
    },
    /** What is known stays for the next time, until another agent's log is followed. */
    unfollowLog() {
      agent = null;
      follow();
      store.dispatch({ type: "log/lost" });
    },
    /** While nobody sees it the log is not followed; then it goes on from what is known. */
    pauseLog(on) {
      paused = on;
      follow();
      if (on) store.dispatch({ type: "log/lost" });
    },
    hurryLog: () => following?.hurry(),
    /** Start over with one choice of kinds, at the newest event or at the one of the id `from`. */
    showLog(show, from = null) {
      store.dispatch({ type: "log/show", show, from });
      follow();
    },
    trimLog: () => store.dispatch({ type: "log/trim" }),
  };
}

function agentInbox(store, api) {
  return {
    async openAgentInbox(agent) {
      store.dispatch({ type: "agentInbox/open", agent });
      const list = store.state.agentInbox;
      const asked = { list: "agentInbox", opened: list.opened };
      const first = (query) => pageOf.agentInbox(api, list, query);
      try {
        const [page, ...waits] = await Promise.all([
          first({}),
          first({ state: "queued", limit: 200 }),
          first({ state: "leased", limit: 200 }),
        ]);
        store.dispatch({ type: "agentInbox/first", ...asked, page, waits });
      } catch (error) {
        store.dispatch({ type: "page/failed", ...asked, error: error.message });
      }
    },
    closeAgentInbox: () => store.dispatch({ type: "agentInbox/close" }),
  };
}

function agents({ api }) {
  const path = (name, verb) => `/api/agents/${encodeURIComponent(name)}/${verb}`;

  return {
    lifecycle: (name, verb) => longCall(() => api.post(path(name, verb))),
    cancelTurn: (name) => api.post(path(name, "cancel")),
    selfTest: (name) => longCall(() => api.post(path(name, "selftest"))),
    lastSelfTest: (name) => api.get(path(name, "selftest")),
    explain: (name, command) => api.post(path(name, "explain"), { command }),
  };
}

function session(store, api) {
  const tell = (name, verb, body) => api.post(`/api/agents/${encodeURIComponent(name)}/${verb}`, body);
  return {
    chooseModel: (name, model) => tell(name, "model", { model }),
    compact: (name) => tell(name, "compact"),
    newSession: (name) => tell(name, "new-session"),
    clearLog: (agent) =>
      store.dispatch({ type: "cleared/upTo", agent, id: store.state.log.rows.at(-1)?.id ?? 0 }),
    unclearLog: (agent) => store.dispatch({ type: "cleared/undo", agent }),
  };
}

// What was typed stays in the browser for as long as somebody is logged in.
function forgetTyped() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("typed:")) localStorage.removeItem(key);
  }
}

function terminals(api) {
  const path = (name) => `/api/agents/${encodeURIComponent(name)}/terminals`;
  return {
    listTerminals: (name) => api.get(path(name)),
    openTerminal: (name, size) => longCall(() => api.post(path(name), size)),
    endTerminal: (name, id) => api.post(`${path(name)}/${id}/kill`),
  };
}

function notifications({ api, notifier }) {
  return {
    notifier,
    deliveries: () => api.get("/api/notifications"),
    testPush: () => longCall(() => api.post("/api/notifications/test")),
  };
}

/** Everything the views may call; calls that can fail reject with an ApiError. */
export function createActions(parts) {
  const { store, api, leave } = parts;
  const paging = pages(store, api);
  return {
    ...paging,
    ...conversation(store, api),
    ...flow(store, paging),
    ...agentLog(parts),
    ...agentInbox(store, api),
    ...agents(parts),
    ...session(store, api),
    stats: (asked) => api.get(withQuery("/api/stats", asked)),
    doctor: () => longCall(() => api.get("/api/doctor")),
    ...terminals(api),
    refused: parts.onRefused,
    ...notifications(parts),
    dismissNotice: (key) => store.dispatch({ type: "notice/dismiss", key }),
    async logout() {
      await api.post("/api/logout");
      sessionStorage.clear();
      forgetTyped();
      leave();
    },
  };
}
