// Addresses of the page: every agent and every part of its page has one that leads back to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentAddress, itemAddress, parseAddress, parseItem, sideAddress } from "../../dashboard/js/address.js";

test("an address leads back to the agent and the part that it was made of", () => {
  for (const agent of ["alice", "a b", "ä/?#%", "<img src=x>"]) {
    assert.deepEqual(parseAddress(agentAddress(agent)), { page: "agent", agent, tab: null });
    assert.deepEqual(parseAddress(agentAddress(agent, "terminal")), { page: "agent", agent, tab: "terminal" });
  }
});

test("every other address is the hive's own page", () => {
  const none = { page: "hive", agent: null, tab: null };
  for (const hash of ["", "#/", "#/agent/", "#/agent/%E0%A4%A", "#/agent/a/b/c", "#/agent/a/<b>", "#/x/alice", "#/doctor/x"]) {
    assert.deepEqual(parseAddress(hash), none);
  }
});

test("a side page has an address of its own", () => {
  assert.deepEqual(parseAddress(sideAddress("doctor")), { page: "doctor", agent: null, tab: null });
});

test("a question or a message has an address, and nothing else looks like one", () => {
  assert.deepEqual(parseItem(itemAddress("question", 12)), { kind: "question", id: 12 });
  assert.deepEqual(parseItem(itemAddress("message", 7)), { kind: "message", id: 7 });
  assert.equal(itemAddress("agent", "a b"), "#/agent/a%20b");
  for (const hash of ["", "#/", "#/question/", "#/question/x", "#/question/1/2", "#/agent/1", `#/message/${"9".repeat(16)}`]) {
    assert.equal(parseItem(hash), null);
  }
});
