// The top line: what needs the operator, and its words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { doing } from "../../dashboard/js/state/agents.js";
import { activity, needs } from "../../dashboard/js/state/needs.js";
import { agentDetail, needLabel, refusal, stateLabel } from "../../dashboard/js/labels.js";
import { agent, message, question, range, snapshot } from "./samples.mjs";

const loaded = (fields) => hiveReducer(initial, { type: "snapshot", snapshot: snapshot(fields) });
const line = (fields) => needs(loaded(fields)).map((need) => needLabel(need).join(" "));
const mail = (id) => message(id, { recipient: "operator" });

test("a hive that goes by itself needs nothing", () => {
  const state = loaded({
    agents: [agent("a", "working"), agent("b", "idle"), agent("c", "stopped"), agent("d", "starting")],
    questions: [question(1, { target: "bob" }), question(2, { state: "answered", closed_at: 1 })],
  });
  assert.deepEqual(needs(state), []);
  assert.deepEqual(activity(state), { total: 4, working: 1 });
});

test("an agent whose model says nothing needs the operator, though it works", () => {
  const silent = (name) => {
    const working = agent(name, "working");
    return { ...working, status: { ...working.status, silent: true, detail: "no answer for 10 min" } };
  };
  assert.deepEqual(line({ agents: [silent("a"), agent("b", "working")] }), ["a gets no answer"]);
  assert.deepEqual(line({ agents: [silent("a"), silent("b")] }), ["2 agents get no answer"]);
  const now = doing(silent("a"));
  assert.deepEqual([stateLabel(now), agentDetail(now, 0)], ["no answer", "no answer for 10 min"]);
});

test("questions, unread mail and every kind of stuck agent are named, one or many", () => {
  assert.deepEqual(
    line({
      questions: [question(1)],
      inbox: [mail(1)],
      agents: [
        agent("a", "failed"),
        agent("b", "needs_login"),
        agent("c", "rate_limited"),
        agent("d", "over_budget"),
      ],
    }),
    [
      "1 question for you",
      "1 unread message",
      "a failed",
      "b needs login",
      "c is rate limited",
      "d is over budget",
    ],
  );
  assert.deepEqual(
    line({
      questions: [question(2), question(1)],
      inbox: [mail(1), mail(2)],
      agents: [
        agent("a", "failed"),
        agent("b", "failed"),
        agent("c", "needs_login"),
        agent("d", "needs_login"),
      ],
    }),
    ["2 questions for you", "2 unread messages", "2 agents failed", "2 agents need login"],
  );
});

const STATES = {
  failed: ["failed", "agents failed"],
  needs_login: ["needs login", "agents need login"],
  rate_limited: ["is rate limited", "agents are rate limited"],
  over_budget: ["is over budget", "agents are over budget"],
};

// The line as somebody would write it who only counts: beside the code that is tried, not with it.
function written({ questions, unread, stuck }) {
  const said = [];
  if (questions) said.push(questions > 1 ? `${questions} questions for you` : "1 question for you");
  if (unread) said.push(unread > 1 ? `${unread} unread messages` : "1 unread message");
  for (const [state, [one, many]] of Object.entries(STATES)) {
    const names = stuck[state] ?? [];
    if (names.length) said.push(names.length > 1 ? `${names.length} ${many}` : `${names[0]} ${one}`);
  }
  return said;
}

test("the line is right about every combination of what can need somebody", () => {
  const counts = [0, 1, 2];
  const quiet = ["working", "idle", "stopped", "stopping", "starting", "offline"];
  let tried = 0;
  for (let number = 0; number < 3 ** 6; number += 1) {
    const digit = (place) => counts[Math.floor(number / 3 ** place) % 3];
    const stuck = Object.fromEntries(
      Object.keys(STATES).map((state, at) => [state, range(1, digit(at + 2)).map((n) => `${state[0]}${n}`)]),
    );
    const agents = Object.entries(stuck).flatMap(([state, names]) => names.map((name) => agent(name, state)));
    const fields = {
      questions: [
        ...range(1, digit(0)).map((id) => question(id)),
        question(8, { target: "bob" }),
        question(9, { state: "expired", closed_at: 1 }),
      ],
      inbox: range(1, digit(1)).map(mail),
      agents: [...agents, ...quiet.map((state, at) => agent(`quiet-${at}`, state))],
    };
    assert.deepEqual(line(fields), written({ questions: digit(0), unread: digit(1), stuck }));
    tried += 1;
  }
  assert.equal(tried, 729);
});

// Numbers that look random and are the same every time.
function* chances(seed) {
  for (let value = seed; ; value = (value * 1103515245 + 12345) % 2 ** 31) yield value / 2 ** 31;
}

test("the line is right after each of many changes, with snapshots between them", () => {
  const chance = chances(7);
  const below = (count) => Math.floor(chance.next().value * count);
  const open = new Set();
  const mails = new Set();
  const agents = new Map(["a", "b", "c"].map((name) => [name, "idle"]));
  const states = [...Object.keys(STATES), "idle", "working", "stopped"];
  let state = loaded({ agents: [...agents.keys()].map((name) => agent(name)) });
  let [seq, id] = [100, 0];
  const frame = (kind, data) => {
    seq += 1;
    state = hiveReducer(state, { type: kind, seq, data, unread: mails.size });
  };
  const some = (set) => [...set][below(set.size)];
  const steps = [
    () => open.add((id += 1)) && frame("question", question(id)),
    () => {
      const closed = some(open);
      if (open.delete(closed)) frame("question", question(closed, { state: "answered", closed_at: seq }));
    },
    () => mails.add((id += 1)) && frame("message", mail(id)),
    () => {
      const read = some(mails);
      if (mails.delete(read)) frame("message", message(read, { recipient: "operator", state: "acked" }));
    },
    () => {
      const [name, now] = [some(new Set(agents.keys())), states[below(states.length)]];
      agents.set(name, now);
      frame("agent", agent(name, now));
    },
    () => frame("message", message((id += 1))),
    () => {
      const rows = [...mails].sort((left, right) => left - right);
      const known = rows.slice(0, 3);
      state = hiveReducer(state, {
        type: "snapshot",
        snapshot: snapshot({
          seq,
          agents: [...agents].map(([name, now]) => agent(name, now)),
          questions: [...open].map((one) => question(one)),
          inbox: known.map(mail),
          inbox_after: rows.length > 3 ? known[2] : null,
          unread: rows.length,
        }),
      });
    },
  ];
  for (let step = 0; step < 3000; step += 1) {
    steps[below(steps.length)]();
    const stuck = {};
    for (const [name, now] of agents) (stuck[now] ??= []).push(name);
    const expected = written({ questions: open.size, unread: mails.size, stuck });
    assert.deepEqual(needs(state).map((need) => needLabel(need).join(" ")), expected, `step ${step}`);
  }
});

test("unread messages that the page has not loaded are counted as well", () => {
  assert.deepEqual(line({ inbox: range(1, 3).map(mail), inbox_after: 3, unread: 500 }), ["500 unread messages"]);
});

test("an agent without a word of its own still says what it waits for", () => {
  const said = (status) => agentDetail({ ...agent("a").status, ...status }, 0);
  assert.equal(said({}), "waiting for mail");
  assert.equal(said({ state: "failed", detail: "no such model" }), "no such model");
  assert.match(
    said({ state: "rate_limited", until: 3600 }),
    /^until \d\d:\d\d · waits for the limit to end$/,
  );
});

test("a refusal says its reason, and an unknown rule says nothing false", () => {
  assert.equal(refusal(message(1, { refused_rule: "recipient_denied" })), "alice may not write to bob.");
  assert.equal(refusal(message(1, { refused_rule: "constructor" })), "");
});
