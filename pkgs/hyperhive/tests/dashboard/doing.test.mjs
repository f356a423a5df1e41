// What an agent does, and the words for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { doing } from "../../dashboard/js/state/agents.js";
import { agentDetail, stateLabel } from "../../dashboard/js/labels.js";
import { agent } from "./samples.mjs";

const said = (one, now = 1100) => [stateLabel(doing(one)), agentDetail(doing(one), now)];

function working(tool) {
  const { status } = agent("alice", "working");
  return agent("alice", "working", { status: { ...status, detail: tool?.name ?? "", tool } });
}

test("a working agent shows which tool runs and for how long, and that it thinks between two", () => {
  assert.deepEqual(said(working({ name: "Bash", since: 1058, others: 0 })), ["working", "Bash for 0:42"]);
  assert.deepEqual(said(working({ name: "mcp__orders__query", since: 1040, others: 2 })), [
    "working",
    "orders: query for 1:00, 2 more beside it",
  ]);
  assert.deepEqual(said(working(null)), ["working", "thinking"]);
});

test("an idle agent with an open question of its own waits for whom it asked", () => {
  const waits = (on) => agent("alice", "idle", { waiting: { on, question: 7, since: 1050 } });
  assert.deepEqual(said(waits("operator")), ["waiting for you", "question 7"]);
  assert.deepEqual(said(waits("bob")), ["waiting for bob", "question 7"]);
  assert.equal(doing(waits("bob")).since, 1050);
});

test("whoever is parked says until when and why, and a state of tomorrow is said as it is", () => {
  const { status } = agent("alice", "failed");
  const failed = agent("alice", "failed", { status: { ...status, detail: "no such model", until: null } });
  assert.deepEqual(said(failed), ["failed", "no such model"]);
  const limited = agent("alice", "x", { status: { ...status, state: "rate_limited", until: 1200 } });
  assert.match(agentDetail(doing(limited), 1100), /^until \d\d:\d\d · waits for the limit to end$/);
  assert.deepEqual(said(agent("alice", "dreaming")), ["dreaming", ""]);
});
