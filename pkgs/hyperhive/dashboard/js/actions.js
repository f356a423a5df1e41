// Owns what the operator can do: every call that a view makes, with its effects on the store.
import { withQuery } from "./net/api.js";
import { eventPage, logConnection } from "./net/log_stream.js";
import { keepConnected } from "./net/reconnect.js";
import { letterOf } from "./state/inbox.js";
import { isFiltered, shown, shownFloor } from "./state/messages.js";

const PAGE = 100;
/** A filtered list with fewer rows than this asks for an older page by itself. */
const ENOUGH = 30;

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function conversation(store, api) {
  return {
    /** The key of one draft: sending it twice after a lost answer is sending it once. */
    newKey: randomKey,
    send: (to, body, inReplyTo, key) =>
      api.post("/api/messages", { to, body, in_reply_to: inReplyTo, idempotency_key: key }),
    async moreInbox() {
      const { reach, during } = store.state.inbox;
      if (during || reach === Infinity) return;
      store.dispatch({ type: "inbox/loading" });
      try {
        const page = await api.get(withQuery("/api/inbox", { after: reach, limit: PAGE }));
        store.dispatch({ type: "inbox/page", page, reach });
      } catch (error) {
        store.dispatch({ type: "inbox/failed", error: error.message });
      }
    },
    /** Look for an unread message wherever it stands in the inbox, and say whether it is there. */
    async seekLetter(id) {
      store.dispatch({ type: "inbox/seek", id });
      if (store.state.inbox.seeking) {
        try {
          const { messages } = await api.get(withQuery("/api/inbox", { after: id - 1, limit: 1 }));
          store.dispatch({ type: "inbox/found", id, message: messages.find((one) => one.id === id) ?? null });
        } catch (error) {
          store.dispatch({ type: "inbox/found", id, message: null, error: error.message });
        }
      }
      return Boolean(letterOf(store.state.inbox, id));
    },
    markRead: (ids) => api.post("/api/inbox/ack", { ids: ids.slice(0, 1000) }),
    answer: (id, answer) => api.post(`/api/questions/${id}/answer`, { answer }),
    cancelQuestion: (id) => api.post(`/api/questions/${id}/cancel`),
  };
}

function flow(store, api) {
  async function older(before) {
    const slice = store.state.messages;
    if (slice.loading || before !== shownFloor(slice) || before === 0 || !Number.isFinite(before)) return;
    const { filter } = slice;
    store.dispatch({ type: "flow/loading" });
    try {
      const page = await api.get(withQuery("/api/messages", { before, limit: PAGE, ...filter }));
      store.dispatch({ type: "flow/page", page, filter });
    } catch (error) {
      store.dispatch({ type: "flow/failed", error: error.message, filter });
    }
  }

  return {
    /** The page before a message; nothing where one has come since whoever asks last looked. */
    olderMessages: older,
    filterMessages(filter) {
      store.dispatch({ type: "flow/filter", filter });
      const slice = store.state.messages;
      if (isFiltered(filter) && shown(slice).length < ENOUGH) older(shownFloor(slice));
    },
    trimMessages: () => store.dispatch({ type: "flow/trim" }),
  };
}

function agentLog({ store, api, openStream, schedule, onRefused }) {
  let following = null;

  function follow(agent) {
    following?.stop();
    following = keepConnected(logConnection({ store, api, openStream, agent, schedule }), (error) => {
      store.dispatch({ type: "log/lost", agent });
      store.dispatch({ type: "log/failed", agent, error: error.message });
      return onRefused(error) || error.status === 404;
    });
  }

  async function page(type, from) {
    const { agent, show } = store.state.log;
    store.dispatch({ type: "log/loading", agent, forward: type === "log/newer" });
    try {
      store.dispatch({ type, agent, show, page: await eventPage(api, { agent, show }, from) });
    } catch (error) {
      store.dispatch({ type: "log/failed", agent, error: error.message });
    }
  }

  return {
    followLog(agent) {
      store.dispatch({ type: "log/open", agent });
      follow(agent);
    },
    /** What is known stays for the next time, until another agent's log is followed. */
    unfollowLog() {
      following?.stop();
      following = null;
      store.dispatch({ type: "log/lost", agent: store.state.log.agent });
    },
    hurryLog: () => following?.hurry(),
    /** Start over with one choice of kinds, at the newest event or at the one of the id `from`. */
    showLog(show, from = null) {
      const { agent } = store.state.log;
      store.dispatch({ type: "log/show", agent, show, from });
      follow(agent);
    },
    /** The page before an event, or after one; nothing where one has come since whoever asks last looked. */
    async olderEvents(before) {
      const { log } = store.state;
      if (before !== null && before === log.before && log.status === "ready") await page("log/older", { before });
    },
    async newerEvents(after) {
      const { log } = store.state;
      if (after !== null && after === log.after && log.status === "ready") await page("log/newer", { after });
    },
    trimLog: () => store.dispatch({ type: "log/trim", agent: store.state.log.agent }),
  };
}

function mail(store, api) {
  const page = (agent, query) => api.get(withQuery("/api/messages", { recipient: agent, limit: PAGE, ...query }));

  return {
    async openMail(agent) {
      store.dispatch({ type: "mail/open", agent });
      try {
        const [first, ...waits] = await Promise.all([
          page(agent),
          page(agent, { state: "queued", limit: 200 }),
          page(agent, { state: "leased", limit: 200 }),
        ]);
        store.dispatch({ type: "mail/page", agent, page: first, waits });
      } catch (error) {
        store.dispatch({ type: "mail/failed", agent, error: error.message });
      }
    },
    closeMail: () => store.dispatch({ type: "mail/close" }),
    async olderMail() {
      const { agent, floor, status } = store.state.mail;
      if (status !== "ready" || floor === 0) return;
      store.dispatch({ type: "mail/loading", agent });
      try {
        store.dispatch({ type: "mail/older", agent, page: await page(agent, { before: floor }) });
      } catch (error) {
        store.dispatch({ type: "mail/failed", agent, error: error.message });
      }
    },
  };
}

function agents({ api }) {
  const path = (name, verb) => `/api/agents/${encodeURIComponent(name)}/${verb}`;

  return {
    lifecycle: (name, verb) => api.post(path(name, verb)),
    cancelTurn: (name) => api.post(path(name, "cancel")),
    selfTest: (name) => api.post(path(name, "selftest")),
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
    openTerminal: (name, size) => api.post(path(name), size),
    endTerminal: (name, id) => api.post(`${path(name)}/${id}/kill`),
  };
}

function notifications({ api, notifier }) {
  return {
    notifier,
    deliveries: () => api.get("/api/notifications"),
    testPush: () => api.post("/api/notifications/test"),
  };
}

/** Everything the views may call; calls that can fail reject with an ApiError. */
export function createActions(parts) {
  const { store, api, leave } = parts;
  return {
    ...conversation(store, api),
    ...flow(store, api),
    ...agentLog(parts),
    ...mail(store, api),
    ...agents(parts),
    ...session(store, api),
    stats: (asked) => api.get(withQuery("/api/stats", asked)),
    doctor: () => api.get("/api/doctor"),
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
