// The reducer of the page: what a snapshot and frames make of the state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { frameAction, hiveReducer, initial, isReady } from "../../dashboard/js/state/hive.js";
import { hasMore, inboxRows, soughtMessage } from "../../dashboard/js/state/inbox.js";
import { steady } from "../../dashboard/js/state/paged.js";
import { openBetweenAgents, openForOperator, recentlyClosed } from "../../dashboard/js/state/questions.js";
import { agent, change, ids, message, question, range, snapshot } from "./samples.mjs";

function after(...actions) {
  return actions.reduce(hiveReducer, initial);
}

const loaded = (fields) => ({ type: "snapshot", snapshot: snapshot(fields) });
const answer = (type, fields) => ({ type, list: "inbox", opened: 1, cursor: "after", ...fields });
const frame = (seq, kind, data) => frameAction({ seq, kind, data }, 1, "boot-1");

test("before the first snapshot nothing is known, and nothing does not mean none", () => {
  assert.equal(isReady(initial), false);
  assert.equal(isReady(after(loaded())), true);
});

test("a frame that the snapshot already holds changes nothing", () => {
  const state = after(loaded({ messages: [message(1)] }));
  assert.equal(hiveReducer(state, frame(100, "message", message(1, { state: "acked" }))), state);
  assert.equal(hiveReducer(state, frame(7, "message", message(2))), state);
});

test("a newer frame replaces the message with its id, and a new message comes last", () => {
  const state = after(
    loaded({ messages: [message(1), message(2)] }),
    frame(101, "message", message(1, { state: "leased" })),
    frame(102, "message", message(3)),
  );
  assert.equal(state.seq, 102);
  assert.deepEqual(state.messages, [message(1, { state: "leased" }), message(2), message(3)]);
});

test("a change brings no text: a known message keeps its own, and one that is not known stays unknown", () => {
  const state = after(
    loaded({ messages: [message(1), message(2, { recipient: "operator" })] }),
    frame(101, "message", change(1, { state: "leased", turn: "t1" })),
    { ...frame(102, "message", change(2, { recipient: "operator", state: "acked" })), unread: 0 },
    frame(103, "message", change(3)),
  );
  assert.deepEqual(state.messages, [
    message(1, { state: "leased", turn: "t1" }),
    message(2, { recipient: "operator", state: "acked" }),
  ]);
  assert.deepEqual([inboxRows(state), state.inbox.unread, state.seq, state.changes], [[], 0, 103, []]);
});

test("a change of a message that is on its way is not undone by the answer that brings it", () => {
  const asked = { type: "page/asked", list: "flow", opened: 1, cursor: "before" };
  const page = { messages: [message(4), message(3)], next_before: null };
  const state = after(
    loaded({ messages: [message(5)], messages_before: 5 }),
    asked,
    frame(101, "message", change(3, { state: "leased" })),
    frame(102, "message", change(3, { state: "acked" })),
    { ...asked, type: "page/came", page },
  );
  assert.deepEqual(state.messages, [message(3, { state: "acked" }), message(4), message(5)]);
  assert.deepEqual(hiveReducer(state, frame(103, "message", message(6))).changes, []);
});

test("a snapshot after a restart replaces everything, also when its numbers are lower", () => {
  const state = after(
    loaded({
      messages: [message(1)],
      inbox: [message(1, { recipient: "operator" })],
      agents: [agent("alice")],
    }),
    frame(500, "message", message(2)),
    loaded({ seq: 3, boot: "boot-2", messages: [message(1), message(2)] }),
  );
  assert.deepEqual(
    [state.seq, state.boot, ids(state.messages), inboxRows(state), state.agents],
    [3, "boot-2", [1, 2], [], []],
  );
});

test("what the page itself remembers survives a snapshot", () => {
  const filter = { agent: "alice", state: "", text: "" };
  const state = after(
    loaded(),
    { type: "flow/filter", filter },
    { type: "log/open", agent: "alice" },
    loaded(),
  );
  assert.equal(state.flow.filter, filter);
  assert.equal(state.log.agent, "alice");
});

test("a message to the operator is unread until it is acked", () => {
  const mail = (state) => message(5, { recipient: "operator", state });
  const arrived = after(loaded(), frame(101, "message", mail("queued")));
  assert.deepEqual(ids(inboxRows(arrived)), [5]);
  assert.deepEqual(inboxRows(hiveReducer(arrived, frame(102, "message", mail("acked")))), []);
});

test("a refused message and a message to an agent never reach the inbox", () => {
  const state = after(
    loaded(),
    frame(101, "message", message(5, { recipient: "operator", state: "refused" })),
    frame(102, "message", message(6)),
  );
  assert.deepEqual(inboxRows(state), []);
});

test("an inbox that came in part takes page after page, and what happens meanwhile", () => {
  const mail = (id, state = "queued") => message(id, { recipient: "operator", state });
  const came = (seq, unread, data) => ({ type: "message", seq, data, unread });
  let state = after(
    loaded({ inbox: [mail(1), mail(2)], inbox_after: 2, unread: 5 }),
    // Beyond what is known: it counts, and comes with its page.
    came(101, 6, mail(9)),
    came(102, 5, mail(1, "acked")),
  );
  assert.deepEqual([ids(inboxRows(state)), state.inbox.unread, hasMore(state.inbox)], [[2], 5, true]);
  state = [
    answer("page/asked"),
    came(103, 4, mail(3, "acked")),
    came(104, 5, mail(10)),
    answer("page/came", { page: { messages: [mail(3), mail(4), mail(5), mail(9)], next_after: null } }),
  ].reduce(hiveReducer, state);
  assert.deepEqual(ids(inboxRows(state)), [2, 4, 5, 9, 10]);
  assert.deepEqual([state.inbox.unread, hasMore(state.inbox)], [5, false]);
});

test("a message that an address names is found behind the inbox's rows, and goes when it is read", () => {
  const mail = (id, state = "queued") => message(id, { recipient: "operator", state });
  const read = (seq, id) => ({ ...frame(seq, "message", mail(id, "acked")), unread: 4 });
  const begun = [
    loaded({ inbox: [mail(1), mail(2)], inbox_after: 2, unread: 500 }),
    { type: "inbox/seek", id: 77 },
  ].reduce(hiveReducer, initial);
  const told = (messages, error) => answer("inbox/found", { id: 77, page: { messages }, error });
  const found = hiveReducer(begun, told([mail(77)]));
  assert.deepEqual([ids(inboxRows(found)), soughtMessage(found).id, found.inbox.sought], [[1, 2], 77, 77]);
  const flood = Array.from({ length: 150 }, (_, index) => ({ ...frame(101 + index, "message", mail(600 + index)), unread: 5 }));
  assert.equal(soughtMessage(flood.reduce(hiveReducer, found)).id, 77);
  // It was read while it was looked for, or before.
  const meanwhile = [read(101, 77), told([mail(77)])].reduce(hiveReducer, begun);
  const gone = hiveReducer(begun, told([mail(78)]));
  const later = hiveReducer(found, read(101, 77));
  for (const state of [meanwhile, gone, later]) {
    const { sought, seeking } = state.inbox;
    assert.deepEqual([soughtMessage(state), sought, seeking], [undefined, null, false]);
  }
  const failed = hiveReducer(begun, told([], "no")).inbox;
  assert.deepEqual([failed.sought, failed.error], [null, "no"]);
});

test("a message that is in the inbox's rows, or cannot be in them, is not looked for elsewhere", () => {
  const mail = (id) => message(id, { recipient: "operator" });
  const part = hiveReducer(initial, loaded({ inbox: [mail(1)], inbox_after: 1, unread: 9 }));
  const whole = hiveReducer(initial, loaded({ inbox: [mail(1)], unread: 1 }));
  const sought = (state, id) => {
    const { inbox } = hiveReducer(state, { type: "inbox/seek", id });
    return [inbox.sought, inbox.seeking];
  };
  assert.deepEqual([sought(part, 1), sought(whole, 1), sought(whole, 5)], [[1, false], [1, false], [null, false]]);
  // After a new snapshot it has to be looked for again.
  const again = [{ type: "inbox/seek", id: 5 }, loaded({ inbox_after: 1, unread: 9 })].reduce(hiveReducer, part);
  assert.deepEqual([again.inbox.sought, again.inbox.seeking], [5, false]);
});

test("a page of the inbox that was asked for before a snapshot is dropped, a failed one is said", () => {
  const state = after(
    loaded({ inbox_after: 2, unread: 3 }),
    answer("page/asked"),
    loaded({ inbox_after: 2, unread: 3 }),
    answer("page/came", { page: { messages: [message(3, { recipient: "operator" })], next_after: null } }),
  );
  assert.deepEqual([inboxRows(state), hasMore(state.inbox)], [[], true]);
  const failed = ["page/asked", "page/failed"].map((type) => answer(type, { opened: 2, error: "no" }));
  const { inbox } = failed.reduce(hiveReducer, state);
  assert.deepEqual([inbox.status, inbox.error], ["ready", "no"]);
});

test("agents keep one order whatever happens to them: the manager, then by name", () => {
  const state = after(
    loaded({ agents: [agent("bob"), agent("alice"), agent("zoe", "idle", { role: "manager" })] }),
    frame(101, "agent", agent("bob", "failed")),
    frame(102, "agent", agent("carol", "working")),
  );
  assert.deepEqual(
    state.agents.map(({ name, status }) => [name, status.state]),
    [
      ["zoe", "idle"],
      ["alice", "idle"],
      ["bob", "failed"],
      ["carol", "working"],
    ],
  );
});

test("questions are split by who is asked, and closed ones come newest first", () => {
  const state = after(
    loaded({ questions: [question(4), question(3, { target: "bob" }), question(2), question(1)] }),
    frame(
      101,
      "question",
      question(1, { state: "answered", answer: "yes", closed_by: "operator", closed_at: 50 }),
    ),
    frame(102, "question", question(2, { state: "expired", closed_by: "system", closed_at: 60 })),
  );
  assert.deepEqual(ids(openForOperator(state.questions)), [4]);
  assert.deepEqual(ids(openBetweenAgents(state.questions)), [3]);
  assert.deepEqual(ids(recentlyClosed(state.questions)), [2, 1]);
});

test("only the latest closed questions are kept, and every open one", () => {
  const closed = range(1, 40).map((id) => question(id, { state: "answered", closed_at: id }));
  const state = after(loaded({ questions: [question(41), ...closed] }), frame(101, "question", question(42)));
  assert.deepEqual(ids(state.questions), [...range(21, 40), 41, 42]);
});

test("what the page itself has to say is a notice, and no frame of the broker's", () => {
  const state = after(loaded(), { type: "notice/own", text: "replaced", at: 5 });
  assert.deepEqual(
    state.notices.map(({ level, text }) => [level, text]),
    [["warning", "replaced"]],
  );
  assert.equal(state.seq, after(loaded()).seq);
});

test("notices queue up to five and leave when they are put away", () => {
  const notices = range(1, 7).map((n) =>
    frameAction({ seq: 100 + n, kind: "notice", level: "info", text: `n${n}` }, n, "boot-1"),
  );
  const state = after(loaded(), ...notices);
  assert.deepEqual(
    state.notices.map((notice) => notice.text),
    ["n3", "n4", "n5", "n6", "n7"],
  );
  const [first] = state.notices;
  const left = hiveReducer(state, { type: "notice/dismiss", key: first.key });
  assert.deepEqual(
    left.notices.map((notice) => notice.text),
    ["n4", "n5", "n6", "n7"],
  );
});

test("slices that an action does not concern stay the same objects, so their views do not render", () => {
  const state = after(loaded({ messages: [message(1)], agents: [agent("alice")], questions: [question(1)] }));
  const next = hiveReducer(state, frame(101, "message", message(2)));
  assert.equal(next.agents, state.agents);
  assert.equal(next.questions, state.questions);
  assert.equal(next.flow, state.flow);
  assert.equal(next.inbox, state.inbox);
  assert.equal(next.agentInbox, state.agentInbox);
  assert.equal(next.log, state.log);
  assert.equal(next.messages[0], state.messages[0]);
});

test("rows are the same array while the same rows are in them, so that their view does not render", () => {
  const rows = steady(inboxRows);
  const state = after(loaded({ inbox: [message(1, { recipient: "operator" })] }));
  assert.equal(rows(hiveReducer(state, frame(101, "message", message(2)))), rows(state));
  const more = hiveReducer(state, frame(101, "message", message(2, { recipient: "operator" })));
  assert.deepEqual(ids(rows(more)), [1, 2]);
});
