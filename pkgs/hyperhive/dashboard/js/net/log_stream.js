// Follows one agent's log: the stream first, then what is missing up to it, then what came in between.
import { SHOWN } from "../state/log.js";
import { withQuery } from "./api.js";

const PAGE = 300;
/** Most pages that are fetched to catch up after a connection was lost; beyond them the log starts over. */
const CATCH_UP_PAGES = 6;

function path(agent, part) {
  return `/api/agents/${encodeURIComponent(agent)}/${part}`;
}

/** A page of the agent's events; `from` is {before}, {after} or nothing for the newest. */
export function eventPage(api, { agent, show }, from = {}, signal = undefined) {
  const kinds = SHOWN[show]?.join(",");
  return api.get(withQuery(path(agent, "events"), { ...from, kinds, limit: PAGE }), signal);
}

// Everything newer than the last row, or null when that is too much.
async function missedEvents(api, log, signal) {
  let after = log.rows.at(-1).id;
  const events = [];
  for (let pages = 0; pages < CATCH_UP_PAGES; pages += 1) {
    const page = await eventPage(api, log, { after }, signal);
    events.push(...page.events.reverse());
    if (page.next_after === null) return events;
    after = page.next_after;
  }
  return null;
}

// The action that makes the log whole up to the stream.
async function joining(api, log, signal) {
  if (log.rows.length && log.after !== null) return { type: "log/caught-up", events: [] };
  const events = log.rows.length ? await missedEvents(api, log, signal) : null;
  if (events) return { type: "log/caught-up", events };
  const page = await eventPage(api, log, log.from === null ? {} : { after: log.from - 1 }, signal);
  return { type: "log/first", page };
}

/** One connection, for `keepConnected`. */
export function logConnection({ store, api, openStream, agent, schedule }) {
  const of = { list: "log", opened: store.state.log.opened };
  return async function connect(signal, up) {
    const stream = await openStream(path(agent, "stream"), signal);
    let waiting = [];
    let ready = false;

    function flush() {
      const events = waiting;
      waiting = [];
      store.dispatch({ type: "log/events", ...of, events });
    }

    async function load() {
      const action = await joining(api, store.state.log, signal);
      const known = new Set((action.events ?? action.page.events).map(({ id }) => id));
      const more = waiting.filter(({ id }) => !known.has(id));
      waiting = [];
      ready = true;
      store.dispatch({ ...of, ...action, ...(action.page ? { more } : { events: [...action.events, ...more] }) });
      up();
    }

    const reading = stream.read((event) => {
      waiting.push(event);
      if (ready && waiting.length === 1) schedule(flush);
    });
    await Promise.all([reading, load()]);
  };
}
