// An agent's live log: joining pages and live events, grouping, and data of any shape made readable.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeEvent } from "../../dashboard/js/events.js";
import { logReducer, logRows, noLog } from "../../dashboard/js/state/log.js";
import { describeTool } from "../../dashboard/js/tools.js";
import { event, ids, range } from "./samples.mjs";

const after = (...actions) => actions.reduce(logReducer, noLog);
const open = { type: "log/open", agent: "alice" };
const notes = (from, to) => range(from, to).map((id) => event(id, "note"));
const latest = (events, before = null, more = []) => ({
  type: "log/latest",
  agent: "alice",
  page: { events: [...events].reverse(), next_before: before },
  more,
});

test("what came between opening the stream and the page is there once", () => {
  const log = after(open, latest(notes(5, 9), 5, notes(9, 11)), {
    type: "log/events",
    agent: "alice",
    events: notes(11, 12),
  });
  assert.deepEqual([ids(log.rows), log.before, log.status, log.live], [range(5, 12), 5, "ready", true]);
});

test("a reconnect joins the page that overlaps and starts over where it would leave a hole", () => {
  const known = [open, latest(notes(5, 9), 5)];
  const lost = { type: "log/lost", agent: "alice" };
  assert.deepEqual(ids(after(...known, lost, latest(notes(8, 20), 8)).rows), range(5, 20));
  const jumped = after(...known, lost, latest(notes(300, 310), 300));
  assert.deepEqual([ids(jumped.rows), jumped.before], [range(300, 310), 300]);
});

test("an older page comes before what is known, and only for the agent that is open", () => {
  const known = [open, latest(notes(5, 9), 5), { type: "log/loading", agent: "alice" }];
  const older = (agent) => ({
    type: "log/older",
    agent,
    page: { events: notes(1, 4).reverse(), next_before: null },
  });
  const log = after(...known, older("alice"));
  assert.deepEqual([ids(log.rows), log.before, log.status], [range(1, 9), null, "ready"]);
  assert.deepEqual(ids(after(...known, older("bob")).rows), range(5, 9));
});

test("closing the panel forgets the log", () => {
  assert.equal(after(open, latest(notes(1, 3)), { type: "log/close" }), noLog);
});

test("a result stands with its call, and one without a call stands alone", () => {
  const call = event(1, "tool_use", { id: "a", name: "Bash", input: {} });
  const result = event(3, "tool_result", { id: "a", text: "ok" });
  const other = event(2, "text", { text: "meanwhile" });
  const stray = event(4, "tool_result", { id: "zz", text: "?" });
  const foreign = event(5, "tool_result", { id: "a", text: "of another turn" }, { turn: "t2" });
  assert.deepEqual(logRows([call, other, result, stray, foreign]), [
    { event: call, result },
    { event: other, result: null },
    { event: stray, result: null },
    { event: foreign, result: null },
  ]);
});

test("tools are said in words: commands, files, messages, and anything else key by key", () => {
  assert.deepEqual(describeTool("Bash", { command: "ls -l", description: "List", timeout: 5 }), {
    name: "Bash",
    headline: "$ ls -l",
    parts: [{ label: "timeout", text: "5" }],
  });
  assert.deepEqual(describeTool("mcp__hyperhive__send", { to: "bob", body: "hi", in_reply_to: 3 }), {
    name: "send",
    headline: "to bob",
    parts: [
      { label: "", text: "hi" },
      { label: "in_reply_to", text: "3" },
    ],
  });
  assert.deepEqual(describeTool("mcp__forge__issue", { id: 7, tags: ["a"] }), {
    name: "mcp__forge__issue",
    headline: "",
    parts: [
      { label: "id", text: "7" },
      { label: "tags", text: '[\n  "a"\n]' },
    ],
  });
});

test("a turn's end says how long, how many calls, tokens and money", () => {
  const data = {
    result: "ok",
    error: "",
    duration_ms: 12_340,
    tool_calls: 1,
    cost_usd: 0.0312,
    tokens: { input: 10, output: 900, cache_read: 12_000, cache_write: 0 },
  };
  assert.deepEqual(describeEvent(event(1, "turn_end", data)), {
    kind: "turn_end",
    result: "ok",
    text: "",
    facts: "12.3 s · 1 tool call · 12k in, 900 out · $0.03",
  });
});

test("data of any shape becomes strings, numbers and lists of numbers, and never throws", () => {
  const kinds = [
    "turn_start",
    "text",
    "thinking",
    "tool_use",
    "tool_result",
    "refused",
    "note",
    "turn_end",
    "state",
    "constructor",
    "new kind",
  ];
  const wrong = [
    null,
    "x",
    5,
    [],
    {},
    { text: { constructor: null, type: "script" } },
    { prompt: [1], messages: "x" },
    { name: {}, tool: [], input: "x", id: {} },
    { input: ["a"], duration_ms: "1", tokens: 3, cost_usd: null, result: {} },
  ];
  const plain = (value) =>
    ["string", "number", "boolean"].includes(typeof value) ||
    (Array.isArray(value) ? value.every(plain) : Object.values(value).every(plain));
  for (const kind of kinds) {
    for (const data of wrong) {
      const described = describeEvent(event(1, kind, data));
      assert.ok(plain(described), `${kind} ${JSON.stringify(data)} -> ${JSON.stringify(described)}`);
    }
  }
});
