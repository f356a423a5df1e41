// The message flow: how far back it is complete, with and without a filter; and its rows: one for each message,
// one for each day, the same objects as long as they say the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEPT, MOST, NO_FILTER, shown as shownOf, withDays } from "../../dashboard/js/state/flow.js";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { ids, message, range, snapshot } from "./samples.mjs";

const after = (...actions) => actions.reduce(hiveReducer, initial);
const shown = ({ messages, flow }) => shownOf(messages, flow);
const latest = () => snapshot({ messages: range(301, 500).map((id) => message(id)), messages_before: 301 });
const loaded = (fields = {}) => ({ type: "snapshot", snapshot: latest(), ...fields });
const asked = (opened) => ({ type: "page/asked", list: "flow", opened, cursor: "before" });
// A page that was asked for when the flow had begun anew for the last time.
const page = (from, to, next, { opened = 1, ...fields } = {}) => {
  const messages = range(from, to).map((id) => message(id, fields));
  return [asked(opened), { ...asked(opened), type: "page/came", page: { messages: messages.reverse(), next_before: next } }];
};

test("a snapshot is complete from its oldest message on, and from the beginning where nothing is older", () => {
  assert.equal(after(loaded()).flow.before, 301);
  const short = after({ type: "snapshot", snapshot: snapshot({ messages: [message(7)] }) });
  assert.equal(short.flow.before, null);
});

test("an older page joins what is known without doubling a row", () => {
  const state = after(loaded(), ...page(201, 310, 201));
  assert.deepEqual(ids(shown(state)), range(201, 500));
  assert.equal(state.flow.before, 201);
  const whole = page(1, 200, null).reduce(hiveReducer, state);
  assert.deepEqual([whole.flow.before, shown(whole).length], [null, 500]);
});

test("a change of a message that is older than what is known does not tear a hole", () => {
  const state = after(loaded());
  const next = hiveReducer(state, { type: "message", seq: 101, data: message(12, { state: "acked" }) });
  assert.deepEqual(ids(shown(next)), range(301, 500));
});

test("a filter shows what matches agent, state and text, in any case", () => {
  const messages = [
    message(1, { sender: "carol", body: "The Parser fails" }),
    message(2, { recipient: "carol", state: "acked", body: "parser?" }),
    message(3, { body: "parser" }),
  ];
  const state = after({ type: "snapshot", snapshot: snapshot({ messages }) });
  const with_ = (filter) =>
    ids(shown(hiveReducer(state, { type: "flow/filter", filter: { ...NO_FILTER, ...filter } })));
  assert.deepEqual(with_({ agent: "carol" }), [1, 2]);
  assert.deepEqual(with_({ state: "acked" }), [2]);
  assert.deepEqual(with_({ text: "PARSER" }), [1, 2, 3]);
  assert.deepEqual(with_({ agent: "carol", state: "queued", text: "fails" }), [1]);
});

test("filtered pages reach further back and do not show in the whole flow", () => {
  const filter = { ...NO_FILTER, agent: "carol" };
  const carol = { sender: "carol", opened: 2 };
  const state = after(loaded(), { type: "flow/filter", filter }, ...page(11, 20, 11, carol));
  assert.deepEqual([ids(shown(state)), state.flow.before], [range(11, 20), 11]);
  const back = hiveReducer(state, { type: "flow/filter", filter: NO_FILTER });
  assert.deepEqual([ids(shown(back)), back.flow.before], [range(301, 500), 301]);
});

test("a page for a filter that was changed meanwhile is dropped", () => {
  const old = { ...NO_FILTER, text: "x" };
  const state = after(
    loaded(),
    { type: "flow/filter", filter: old },
    asked(2),
    { type: "flow/filter", filter: NO_FILTER },
  );
  assert.equal(hiveReducer(state, page(1, 10, null, { opened: 2 }).at(-1)), state);
});

test("pages that were fetched again after a reconnect keep the place of somebody who had paged back", () => {
  const older = range(101, 300).map((id) => message(id, { state: "acked" }));
  const state = after(loaded(), ...page(101, 300, 101), loaded({ older, olderBefore: 101 }));
  assert.deepEqual(ids(shown(state)), range(101, 500));
  assert.equal(shown(state)[0].state, "acked");
});

test("at its live end the flow forgets the oldest rows and can page back to them", () => {
  const state = after(loaded(), ...page(1, 300, null), { type: "flow/trim" });
  assert.deepEqual(ids(shown(state)), range(501 - KEPT, 500));
  assert.equal(state.flow.before, 501 - KEPT);
});

test("a flow that nobody follows does not grow for ever", () => {
  const state = range(501, 501 + MOST).reduce(
    (now, id) => hiveReducer(now, { type: "message", seq: id, data: message(id) }),
    after(loaded()),
  );
  assert.ok(state.messages.length <= MOST);
  assert.deepEqual([state.messages.at(-1).id, state.flow.before], [501 + MOST, state.messages[0].id]);
});

test("what no list needs any more is let go of, but not while an answer may be older than it", () => {
  const frame = (id, fields) => ({ type: "message", seq: 1000 + id, data: message(id, fields), unread: 9 });
  const unread = range(501, 620).map((id) => frame(id, { recipient: "operator" }));
  const inbox = [message(5, { recipient: "operator" })];
  const begin = { type: "snapshot", snapshot: { ...latest(), inbox, inbox_after: 5 } };
  const many = after(begin, frame(12, { state: "acked" }), ...unread, ...range(621, 1200).map((id) => frame(id)));
  const trimmed = hiveReducer(many, { type: "flow/trim" });
  assert.deepEqual(ids(shown(trimmed)), range(801, 1200));
  assert.deepEqual(ids(trimmed.messages), [5, ...range(521, 620), ...range(801, 1200)]);
  const paging = [{ ...asked(1), list: "inbox", cursor: "after" }, { type: "flow/trim" }].reduce(hiveReducer, many);
  assert.deepEqual([paging.messages, ids(shown(paging))], [many.messages, range(801, 1200)]);
});

test("an older page that was asked for before the flow was cut is dropped, so that it leaves no hole", () => {
  const [ask, came] = page(201, 300, 201);
  const more = range(501, 800).map((id) => ({ type: "message", seq: id, data: message(id) }));
  const state = after(loaded(), ask, ...more, { type: "flow/trim" }, came);
  assert.deepEqual([ids(shown(state)), state.flow.before, state.flow.status], [range(401, 800), 401, "ready"]);
});

const at = (...parts) => new Date(2026, ...parts).getTime() / 1000;
const NOW = at(10, 3, 12);

test("a day is named where it begins, and today only after another one", () => {
  const old = message(1, { sent_at: at(10, 2, 23, 59, 59) });
  const midnight = message(2, { sent_at: at(10, 3) });
  const later = message(3, { sent_at: at(10, 3, 11) });
  const keys = (messages) => withDays(messages, NOW).map((row) => row.key);
  assert.deepEqual(keys([midnight, later]), [2, 3]);
  assert.deepEqual(keys([old, midnight, later]), ["day-Mon Nov 02 2026", 1, "day-Tue Nov 03 2026", 2, 3]);
  assert.deepEqual(keys([]), []);
});

test("a message that did not change keeps its row, a changed one gets another", () => {
  const [one, two] = [message(1, { sent_at: NOW }), message(2, { sent_at: NOW })];
  const before = withDays([one, two], NOW);
  const after = withDays([one, { ...two, state: "acked" }], NOW);
  assert.equal(after[0], before[0]);
  assert.notEqual(after[1], before[1]);
});
