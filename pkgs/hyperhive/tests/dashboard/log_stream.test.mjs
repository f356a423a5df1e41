// The connection of an agent's log: whole from the first page on, and again after it was lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logConnection } from "../../dashboard/js/net/log_stream.js";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { createStore } from "../../dashboard/js/store.js";
import { event, ids, range } from "./samples.mjs";

const notes = (from, to) => range(from, to).map((id) => event(id, "note"));

/** A broker with the events 1 to `count`, which answers pages of `size`. */
function broker(count, size) {
  const asked = [];
  const state = { count };
  async function get(path) {
    const query = new URL(path, "http://broker").searchParams;
    asked.push(path.split("?")[1]);
    if (query.has("after")) {
      const from = Number(query.get("after")) + 1;
      const to = Math.min(from + size - 1, state.count);
      return { events: notes(from, to).reverse(), next_before: null, next_after: to < state.count ? to : null };
    }
    const to = Number(query.get("before") ?? state.count + 1) - 1;
    const from = Math.max(1, to - size + 1);
    return { events: notes(from, to).reverse(), next_before: from > 1 ? from : null, next_after: null };
  }
  return { api: { get }, asked, state };
}

/** Runs one connection until it is up; `during` are events that the stream brings before the first answer. */
async function connectOnce({ store, api, during = [] }) {
  const abort = new AbortController();
  const openStream = async () => ({
    read: (onData) => {
      during.forEach(onData);
      return new Promise((_, reject) => abort.signal.addEventListener("abort", () => reject(new Error("over"))));
    },
  });
  const connect = logConnection({ store, api, openStream, agent: "alice", schedule: (flush) => flush() });
  await new Promise((up) => connect(abort.signal, up).catch(() => {}));
  abort.abort();
  store.dispatch({ type: "log/lost" });
}

function opened() {
  const store = createStore(hiveReducer, initial, (notify) => notify());
  store.dispatch({ type: "log/open", agent: "alice" });
  return store;
}

test("the newest page and what the stream brought meanwhile make the log, each event once", async () => {
  const { api } = broker(50, 10);
  const store = opened();
  await connectOnce({ store, api, during: notes(50, 52) });
  assert.deepEqual([ids(store.state.log.rows), store.state.log.before], [range(41, 52), 41]);
});

test("what happened while the connection was lost is fetched page by page and joins without a hole", async () => {
  const { api, asked, state } = broker(50, 10);
  const store = opened();
  await connectOnce({ store, api });
  state.count = 75;
  await connectOnce({ store, api, during: notes(76, 77) });
  assert.deepEqual(ids(store.state.log.rows), range(41, 77));
  assert.deepEqual(asked.slice(1), ["after=50&limit=300", "after=60&limit=300", "after=70&limit=300"]);
});

test("after too long an absence the log starts over at the newest page", async () => {
  const { api, state } = broker(50, 10);
  const store = opened();
  await connectOnce({ store, api });
  state.count = 500;
  await connectOnce({ store, api });
  assert.deepEqual([ids(store.state.log.rows), store.state.log.before], [range(491, 500), 491]);
});

test("a log that is read far back stays there when the connection comes back", async () => {
  const { api } = broker(500, 10);
  const store = opened();
  store.dispatch({ type: "log/show", show: "all", from: 100 });
  await connectOnce({ store, api });
  assert.deepEqual([ids(store.state.log.rows), store.state.log.after], [range(100, 109), 109]);
  await connectOnce({ store, api, during: notes(501, 503) });
  assert.deepEqual([ids(store.state.log.rows), store.state.log.missed], [range(100, 109), 3]);
});

test("only the chosen kinds are asked for", async () => {
  const { api, asked } = broker(5, 10);
  const store = opened();
  store.dispatch({ type: "log/show", show: "turns" });
  await connectOnce({ store, api });
  assert.deepEqual(asked, ["kinds=turn_start%2Cturn_end&limit=300"]);
});
