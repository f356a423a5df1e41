// What the operator is notified of, given what the page shows and what this browser was told before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { asMemory, KINDS, notice, toShow } from "../../dashboard/js/state/notify.js";
import { agent, message, question, range, snapshot } from "./samples.mjs";

const mail = (id, fields) => message(id, { recipient: "operator", ...fields });
const loaded = (fields) => hiveReducer(initial, { type: "snapshot", snapshot: snapshot(fields) });
const tags = (found) => found.fresh.map((item) => item.tag);

/** Goes through states with one memory, and gives the tags that were fresh in each. */
function told(...states) {
  let memory = null;
  return states.map((state) => {
    const found = notice(state, memory);
    memory = JSON.parse(JSON.stringify(found.memory));
    return tags(found);
  });
}

test("an agent whose model is silent is told of as one that gets no answer", () => {
  const quiet = agent("a", "working");
  Object.assign(quiet.status, { silent: true, detail: "no answer for 10 min" });
  const { memory } = notice(loaded({ agents: [agent("a", "working")] }), null);
  const [item] = notice(loaded({ agents: [quiet] }), memory).fresh;
  assert.deepEqual([item.title, item.body], ["a gets no answer", "no answer for 10 min"]);
});

test("what waits when a browser comes for the first time is not told, what comes later is told once", () => {
  const before = { questions: [question(1)], inbox: [mail(5)], messages: [mail(5)], agents: [agent("a", "failed")] };
  const after = {
    questions: [question(2), question(1)],
    inbox: [mail(5), mail(9)],
    messages: [mail(5), message(8), mail(9)],
    agents: [agent("a", "failed"), agent("b", "needs_login")],
  };
  assert.deepEqual(told(loaded(before), loaded(before), loaded(after), loaded(after)), [
    [],
    [],
    ["question:2", "message:9", "agent_needs_login:b"],
    [],
  ]);
});

test("nobody is told of questions between agents, of answered ones and of other people's mail", () => {
  const state = loaded({
    questions: [question(2, { target: "bob" }), question(1, { state: "answered", closed_at: 1 })],
    messages: [message(9)],
    agents: [agent("a", "working"), agent("b", "rate_limited")],
  });
  assert.deepEqual(told(loaded({}), state), [[], []]);
});

test("a restarted broker with the same hive repeats nothing and loses nothing", () => {
  const known = { questions: [question(1)], inbox: [mail(5)], messages: [mail(5)] };
  const later = { questions: [question(1)], inbox: [mail(5), mail(6)], messages: [mail(5), mail(6)] };
  assert.deepEqual(told(loaded({}), loaded(known), loaded({ ...later, boot: "boot-2" })), [
    [],
    ["question:1", "message:5"],
    ["message:6"],
  ]);
});

test("another hive at the same address begins its numbers again", () => {
  const old = { inbox: [mail(500)], messages: [mail(500)] };
  const fresh = { boot: "boot-2", messages: [message(2)] };
  const next = { boot: "boot-2", inbox: [mail(3)], messages: [message(2), mail(3)] };
  assert.deepEqual(told(loaded(old), loaded(fresh), loaded(next)), [[], [], ["message:3"]]);
});

test("a tab that lags behind the memory of another one tells nothing twice", () => {
  const { memory } = notice(loaded({ inbox: [mail(9)], messages: [mail(9)] }), null);
  const behind = notice(loaded({ messages: [message(8)] }), memory);
  const again = notice(loaded({ inbox: [mail(9)], messages: [message(8), mail(9)] }), behind.memory);
  assert.deepEqual([tags(behind), tags(again)], [[], []]);
});

test("rows of a cut inbox that come after it was read are not new", () => {
  const all = range(1, 600).map((id) => mail(id));
  const cut = loaded({ messages: all.slice(400), inbox: all.slice(0, 500) });
  const rest = loaded({ messages: all.slice(400), inbox: all.slice(450) });
  assert.deepEqual(told(cut, rest), [[], []]);
});

test("what comes behind the rows of a long inbox is told, live and after a gap", () => {
  const old = range(1, 100).map((id) => mail(id));
  const part = { inbox: old, inbox_after: 100, unread: 300, messages: range(250, 300).map((id) => mail(id)) };
  const before = loaded(part);
  const live = hiveReducer(before, { type: "message", seq: 101, data: mail(301), unread: 301 });
  const missed = [mail(302), mail(303, { state: "acked" }), message(304), mail(305)];
  const after = loaded({ ...part, messages: [...range(260, 301).map((id) => mail(id)), ...missed] });
  assert.deepEqual(told(before, live, after), [[], ["message:301"], ["message:302", "message:305"]]);
  const { waiting } = notice(after, null);
  assert.deepEqual([waiting.has("message:50"), waiting.has("message:301"), waiting.has("message:303")], [true, true, false]);
});

test("an agent's trouble is told again only when it was well in between", () => {
  const states = ["idle", "failed", "starting", "failed", "offline", "idle", "failed", "needs_login", "failed"];
  assert.deepEqual(
    told(...states.map((state) => loaded({ agents: [agent("a", state)] }))).flat(),
    ["agent_failed:a", "agent_failed:a", "agent_needs_login:a", "agent_failed:a"],
  );
});

test("what waits is known by its tag, so that a notification can be closed when it does not", () => {
  const waiting = (agents, memory) => [...notice(loaded({ questions: [question(1)], agents }), memory).waiting];
  assert.deepEqual(waiting([agent("a", "failed")], null), ["question:1", "agent_failed:a"]);
  const { memory } = notice(loaded({ agents: [agent("a", "failed")] }), null);
  assert.deepEqual(waiting([agent("a", "starting")], memory), ["question:1", "agent_failed:a"]);
  assert.deepEqual(waiting([agent("a", "idle")], memory), ["question:1"]);
});

test("a few items are shown one by one, with texts of our own as titles", () => {
  const hostile = "<img src=x onerror=alert(1)>\n".repeat(100);
  const state = loaded({
    questions: [question(1, { question: hostile })],
    inbox: [mail(2, { sender: "system", body: "b" })],
    agents: [agent("a", "failed", { status: { ...agent("a").status, state: "failed", detail: "no disk" } })],
  });
  const { fresh } = notice(state, notice(loaded({}), null).memory);
  assert.deepEqual(toShow(fresh), [
    {
      tag: "question:1",
      kind: "question",
      place: "question",
      id: 1,
      title: "alice asks",
      body: `${hostile.slice(0, 240)}…`,
      about: ["question:1"],
    },
    {
      tag: "message:2",
      kind: "message",
      place: "message",
      id: 2,
      title: "Message from system",
      body: "b",
      about: ["message:2"],
    },
    {
      tag: "agent_failed:a",
      kind: "agent_failed",
      place: "agent",
      id: "a",
      title: "a failed",
      body: "no disk",
      about: ["agent_failed:a"],
    },
  ]);
});

test("many items at once are one notification that counts them", () => {
  const messages = range(1, 12).map((id) => mail(id));
  const state = loaded({ messages, inbox: messages, questions: [question(1)], agents: [agent("a", "needs_login")] });
  const { fresh } = notice(state, notice(loaded({}), null).memory);
  const [one, ...more] = toShow(fresh);
  assert.deepEqual(more, []);
  assert.equal(one.title, "14 things need you");
  assert.equal(one.body, "1 question, 12 messages, 1 agent needs login");
  assert.equal(one.about.length, 14);
});

test("a memory is bounded, survives storage, and nonsense in its place is none", () => {
  const rows = range(1, 500).map((id) => mail(id));
  const { memory } = notice(loaded({ messages: rows, inbox: rows, agents: [agent("a", "failed")] }), null);
  assert.deepEqual(memory, {
    boot: "boot-1",
    question: 0,
    message: 500,
    parked: [],
    agent_failed: ["a"],
    agent_needs_login: [],
  });
  assert.deepEqual(asMemory(JSON.parse(JSON.stringify(memory))), memory);
  for (const wrong of [null, 1, "x", [], {}, { boot: 1 }, { ...memory, message: "9" }, { ...memory, agent_failed: 1 }]) {
    assert.equal(asMemory(wrong), null);
  }
});

test("a kind that this browser has not met yet begins without a burst", () => {
  const memory = { boot: "boot-1", message: 3 };
  assert.deepEqual(asMemory(memory), memory);
  const found = notice(loaded({ questions: [question(7)], inbox: [mail(4)], messages: [mail(4)] }), memory);
  assert.deepEqual(tags(found), ["message:4"]);
  assert.equal(found.memory.question, 7);
});

test("every kind has labels for one and for many", () => {
  for (const { kind, labels } of KINDS) assert.equal(labels.length, 2, kind);
});
