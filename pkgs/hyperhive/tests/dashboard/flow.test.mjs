// The message flow: how far back it is complete, with and without a filter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { KEPT, MOST, NO_FILTER, shown, shownFloor } from "../../dashboard/js/state/messages.js";
import { ids, message, range, snapshot } from "./samples.mjs";

const after = (...actions) => actions.reduce(hiveReducer, initial);
const latest = () => snapshot({ messages: range(301, 500).map((id) => message(id)), messages_before: 301 });
const loaded = (fields = {}) => ({ type: "snapshot", snapshot: latest(), ...fields });
const page = (from, to, next, filter, fields) => ({
  type: "flow/page",
  filter,
  page: {
    messages: range(from, to)
      .map((id) => message(id, fields))
      .reverse(),
    next_before: next,
  },
});

test("a snapshot is complete from its oldest message on, and from the beginning where nothing is older", () => {
  assert.equal(shownFloor(after(loaded()).messages), 301);
  const short = after({ type: "snapshot", snapshot: snapshot({ messages: [message(7)] }) });
  assert.equal(shownFloor(short.messages), 0);
});

test("an older page joins what is known without doubling a row", () => {
  const state = after(loaded(), page(201, 310, 201, NO_FILTER));
  assert.deepEqual(ids(shown(state.messages)), range(201, 500));
  assert.equal(shownFloor(state.messages), 201);
  const whole = hiveReducer(state, page(1, 200, null, NO_FILTER));
  assert.deepEqual([shownFloor(whole.messages), shown(whole.messages).length], [0, 500]);
});

test("a change of a message that is older than what is known does not tear a hole", () => {
  const state = after(loaded());
  const next = hiveReducer(state, { type: "message", seq: 101, data: message(12, { state: "acked" }) });
  assert.deepEqual(ids(shown(next.messages)), range(301, 500));
});

test("a filter shows what matches agent, state and text, in any case", () => {
  const messages = [
    message(1, { sender: "carol", body: "The Parser fails" }),
    message(2, { recipient: "carol", state: "acked", body: "parser?" }),
    message(3, { body: "parser" }),
  ];
  const state = after({ type: "snapshot", snapshot: snapshot({ messages }) });
  const with_ = (filter) =>
    ids(shown(hiveReducer(state, { type: "flow/filter", filter: { ...NO_FILTER, ...filter } }).messages));
  assert.deepEqual(with_({ agent: "carol" }), [1, 2]);
  assert.deepEqual(with_({ state: "acked" }), [2]);
  assert.deepEqual(with_({ text: "PARSER" }), [1, 2, 3]);
  assert.deepEqual(with_({ agent: "carol", state: "queued", text: "fails" }), [1]);
});

test("filtered pages reach further back and do not show in the whole flow", () => {
  const filter = { ...NO_FILTER, agent: "carol" };
  const carol = { sender: "carol" };
  const state = after(loaded(), { type: "flow/filter", filter }, page(11, 20, 11, filter, carol));
  assert.deepEqual([ids(shown(state.messages)), shownFloor(state.messages)], [range(11, 20), 11]);
  const back = hiveReducer(state, { type: "flow/filter", filter: NO_FILTER });
  assert.deepEqual([ids(shown(back.messages)), shownFloor(back.messages)], [range(301, 500), 301]);
});

test("a page for a filter that was changed meanwhile is dropped", () => {
  const old = { ...NO_FILTER, text: "x" };
  const state = after(
    loaded(),
    { type: "flow/filter", filter: old },
    { type: "flow/filter", filter: NO_FILTER },
  );
  assert.equal(hiveReducer(state, page(1, 10, null, old)).messages, state.messages);
});

test("pages that were fetched again after a reconnect keep the place of somebody who had paged back", () => {
  const older = range(101, 300).map((id) => message(id, { state: "acked" }));
  const state = after(loaded(), page(101, 300, 101, NO_FILTER), loaded({ older, olderFloor: 101 }));
  assert.deepEqual(ids(shown(state.messages)), range(101, 500));
  assert.equal(shown(state.messages)[0].state, "acked");
});

test("at its live end the flow forgets the oldest rows and can page back to them", () => {
  const state = after(loaded(), page(1, 300, null, NO_FILTER), { type: "flow/trim" });
  assert.deepEqual(ids(shown(state.messages)), range(501 - KEPT, 500));
  assert.equal(shownFloor(state.messages), 501 - KEPT);
});

test("a flow that nobody follows does not grow for ever", () => {
  const state = range(501, 501 + MOST).reduce(
    (now, id) => hiveReducer(now, { type: "message", seq: id, data: message(id) }),
    after(loaded()),
  );
  assert.ok(state.messages.rows.length <= MOST);
  assert.deepEqual(
    [state.messages.rows.at(-1).id, shownFloor(state.messages)],
    [501 + MOST, state.messages.rows[0].id],
  );
});
