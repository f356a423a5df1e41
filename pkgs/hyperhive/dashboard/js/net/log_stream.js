// Follows one agent's log: the stream first, then the latest page, then what came in between.
import { withQuery } from "./api.js";

const PAGE = 200;

function path(agent, part) {
  return `/api/agents/${encodeURIComponent(agent)}/${part}`;
}

/** One connection, for `keepConnected`. */
export function logConnection({ store, api, openStream, agent, schedule }) {
  return async function connect(signal, up) {
    const stream = await openStream(path(agent, "stream"), signal);
    let waiting = [];
    let ready = false;

    function flush() {
      const events = waiting;
      waiting = [];
      store.dispatch({ type: "log/events", agent, events });
    }

    async function load() {
      const page = await api.get(withQuery(path(agent, "events"), { limit: PAGE }), signal);
      store.dispatch({ type: "log/latest", agent, page, more: waiting });
      waiting = [];
      ready = true;
      up();
    }

    const reading = stream.read((event) => {
      waiting.push(event);
      if (ready && waiting.length === 1) schedule(flush);
    });
    await Promise.all([reading, load()]);
  };
}

/** The page of events before `before`. */
export function olderEvents(api, agent, before) {
  return api.get(withQuery(path(agent, "events"), { before, limit: PAGE }));
}
