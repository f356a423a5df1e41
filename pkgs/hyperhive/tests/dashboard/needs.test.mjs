// The top line: what needs the operator, and its words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { activity, needs } from "../../dashboard/js/state/needs.js";
import { agentDetail, needWords, refusal } from "../../dashboard/js/words.js";
import { agent, message, question, range, snapshot } from "./samples.mjs";

const loaded = (fields) => hiveReducer(initial, { type: "snapshot", snapshot: snapshot(fields) });
const line = (fields) => needs(loaded(fields)).map((need) => needWords(need).join(" "));
const mail = (id) => message(id, { recipient: "operator" });

test("a hive that goes by itself needs nothing", () => {
  const state = loaded({
    agents: [agent("a", "working"), agent("b", "idle"), agent("c", "stopped"), agent("d", "starting")],
    questions: [question(1, { target: "bob" }), question(2, { state: "answered", closed_at: 1 })],
  });
  assert.deepEqual(needs(state), []);
  assert.deepEqual(activity(state), { total: 4, working: 1 });
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
