// The connection to the hive: order of stream and snapshot, gaps, reconnects; with a scripted broker.
import assert from "node:assert/strict";
import { test } from "node:test";
import { GapError, hiveConnection } from "../../dashboard/js/net/hive_stream.js";
import { keepConnected } from "../../dashboard/js/net/reconnect.js";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { createStore } from "../../dashboard/js/store.js";
import { ids, message, range, snapshot } from "./samples.mjs";

const turns = async (count = 5) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};

// A broker whose stream and snapshot are let go by the test.
function scripted({ state = () => snapshot(), pages = {} } = {}) {
  const calls = [];
  const store = createStore(hiveReducer, initial, (notify) => notify());
  let emit;
  let fail;
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const broker = {
    calls,
    store,
    emit: (frame) => emit(frame),
    end: (error) => fail(error),
    release,
    parts: {
      store,
      now: () => 5,
      openStream: async (path) => {
        calls.push(path);
        return {
          read: (onData) =>
            new Promise((_, reject) => {
              fail = reject;
              emit = (frame) => {
                try {
                  onData(frame);
                } catch (error) {
                  reject(error);
                }
              };
            }),
        };
      },
      api: {
        get: async (path) => {
          calls.push(path);
          if (path !== "/api/state") return pages[path];
          await released;
          return state();
        },
      },
    },
  };
  return broker;
}

const frame = (seq, data) => ({ seq, kind: "message", data });

test("the stream is opened before the snapshot is asked for, and frames wait for it", async () => {
  const broker = scripted({ state: () => snapshot({ messages: [message(1)] }) });
  let up = 0;
  const connection = hiveConnection(broker.parts)(new AbortController().signal, () => (up += 1));
  await turns();
  assert.deepEqual(broker.calls, ["/messages/stream", "/api/state"]);
  broker.emit(frame(100, message(1, { state: "leased" })));
  broker.emit(frame(101, message(2)));
  assert.deepEqual([broker.store.state.messages, up], [[], 0]);
  broker.release();
  await turns();
  broker.emit(frame(102, message(3)));
  assert.deepEqual(broker.store.state.messages, [message(1), message(2), message(3)]);
  assert.deepEqual([broker.store.state.link.state, up], ["live", 1]);
  broker.end(new Error("over"));
  await assert.rejects(connection, /over/);
});

test("a missing frame ends the connection, so that the next one starts with a snapshot", async () => {
  const broker = scripted();
  broker.release();
  const connection = hiveConnection(broker.parts)(new AbortController().signal, () => {});
  await turns();
  broker.emit(frame(101, message(1)));
  broker.emit(frame(103, message(3)));
  await assert.rejects(connection, GapError);
  assert.deepEqual(ids(broker.store.state.messages), [1]);
});

test("after a reconnect the pages somebody had paged back to are fetched again", async () => {
  const full = snapshot({ messages: range(301, 500).map((id) => message(id)), messages_before: 301 });
  const pages = {
    "/api/messages?before=301&limit=200": {
      messages: range(101, 300)
        .map((id) => message(id))
        .reverse(),
      next_before: 101,
    },
  };
  const broker = scripted({ state: () => full, pages });
  broker.release();
  broker.store.dispatch({ type: "snapshot", snapshot: full });
  const page = { messages: range(201, 300).map((id) => message(id)), next_before: 201 };
  const asked = { list: "flow", opened: broker.store.state.flow.opened, cursor: "before" };
  for (const type of ["page/asked", "page/came"]) broker.store.dispatch({ type, ...asked, page });
  hiveConnection(broker.parts)(new AbortController().signal, () => {});
  await turns(10);
  assert.deepEqual(ids(broker.store.state.messages), range(101, 500));
  assert.equal(broker.store.state.flow.before, 101);
});

test("a connection that broke is made again, and each loss is told with its pause", async () => {
  const lost = [];
  let tries = 0;
  const kept = keepConnected(
    async () => {
      tries += 1;
      throw new Error(`try ${tries}`);
    },
    (error, pause) => {
      lost.push([error.message, pause > 200 && pause < 20_000]);
      return tries === 3;
    },
  );
  for (let turn = 0; turn < 3; turn += 1) {
    await turns();
    kept.hurry();
  }
  await turns();
  assert.deepEqual(lost, [
    ["try 1", true],
    ["try 2", true],
    ["try 3", true],
  ]);
});

test("stopping aborts what runs and tells of no loss", async () => {
  const lost = [];
  let aborted = false;
  const kept = keepConnected(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(new Error("aborted"));
        });
      }),
    (error) => lost.push(error),
  );
  kept.stop();
  await turns();
  assert.deepEqual([aborted, lost], [true, []]);
});

test("the store tells its listeners once for many changes", () => {
  let run;
  const store = createStore(
    (state, action) => state + action,
    0,
    (notify) => (run = notify),
  );
  const heard = [];
  store.subscribe((state) => heard.push(state));
  store.dispatch(1);
  store.dispatch(2);
  run();
  store.dispatch(0);
  assert.deepEqual(heard, [3]);
});
