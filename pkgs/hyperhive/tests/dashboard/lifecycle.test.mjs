// Which agents run: the buttons of the panel and their words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lifecycle } from "../../dashboard/js/state/agents.js";
import { AGENT_STATES, agentDetail, LIFECYCLE } from "../../dashboard/js/labels.js";
import { agent } from "./samples.mjs";

const buttons = (...actions) =>
  lifecycle(agent("a", "idle", { actions })).map(
    ({ slot, verb, enabled }) => `${slot}:${verb}${enabled ? "" : " off"}`,
  );

test("the buttons are what the broker allows, start and stop in one place", () => {
  assert.deepEqual(buttons("stop", "restart"), ["power:stop", "restart:restart"]);
  assert.deepEqual(buttons("start"), ["power:start"]);
  assert.deepEqual(buttons("stop"), ["power:stop", "restart:restart off"]);
  assert.deepEqual(buttons(), ["power:stop off", "restart:restart off"]);
  assert.deepEqual(buttons("start", "stop", "restart"), ["power:start", "stop:stop", "restart:restart"]);
});

test("what ends a turn asks back and says so, a start does not", () => {
  assert.equal(LIFECYCLE.start.confirm, undefined);
  assert.equal(LIFECYCLE.stop.confirm(agent("ada")), "Yes, stop it");
  assert.equal(LIFECYCLE.restart.confirm(agent("ada", "working")), "Yes, restart it and end its turn");
});

test("every state has a word and a line, and a reason goes before the line", () => {
  for (const state of Object.keys(AGENT_STATES)) {
    const { status } = agent("a", state);
    assert.ok(agentDetail(status, 0).length > 5, state);
    assert.equal(agentDetail({ ...status, detail: "why" }, 0), "why");
  }
});
