// Slash commands: what a line means, what completes it, what was typed before, what is cleared from view.
import assert from "node:assert/strict";
import { test } from "node:test";
import { modelChoices, nextModel } from "../../dashboard/js/state/agents.js";
import {
  COMMANDS,
  completions,
  KEPT,
  LONGEST,
  read,
  remember,
  step,
  stored,
  writing,
} from "../../dashboard/js/state/commands.js";
import { clearedReducer, isShown, nothingCleared } from "../../dashboard/js/state/log.js";
import { agent, event } from "./samples.mjs";

const alice = agent("alice", "idle", {
  models: ["sonnet", "opus", "haiku"],
  model: { configured: "sonnet", chosen: "opus" },
  status: { ...agent("alice").status, model: "sonnet" },
});
const values = (text) => completions(text, alice).map(({ value }) => value);

test("every command of the list is read, whatever its case and the space behind it", () => {
  for (const { name, argument } of COMMANDS) {
    const typed = argument ? `/${name.toUpperCase()}   opus ` : `/${name.toUpperCase()} `;
    assert.deepEqual(read(typed, alice), { kind: "command", name, argument: argument ? "opus" : "" });
  }
});

test("a text is a text, and two slashes begin one with a slash", () => {
  for (const text of ["hello", " /cancel", "see /etc/hosts", "\n/help", ""]) {
    assert.deepEqual(read(text, alice), { kind: "text", text });
  }
  assert.deepEqual(read("//etc/hosts is wrong", alice), { kind: "text", text: "/etc/hosts is wrong" });
  assert.deepEqual(read("///", alice), { kind: "text", text: "//" });
});

test("an unknown command, a command with too much, and an unknown model are refused with what there is", () => {
  assert.match(read("/foo bar", alice).reason, /^There is no \/foo, only \/help, \/model, .*\/clear\. .*\/\//);
  assert.match(read("/", alice).reason, /^There is no \/, only/);
  assert.match(read("/constructor", alice).reason, /^There is no \/constructor/);
  assert.equal(read("/cancel now", alice).reason, "/cancel takes nothing behind it.");
  assert.equal(read("/cancel\nnow", alice).reason, "/cancel takes nothing behind it.");
  assert.equal(read("/model", alice).reason, "/model needs a name: sonnet, opus, haiku, default.");
  assert.equal(read("/model gpt", alice).reason, "There is no model gpt: sonnet, opus, haiku, default.");
  assert.equal(read("/model Opus", alice).kind, "wrong");
  assert.ok(read(`/${"x".repeat(500)}`, alice).reason.length < 300);
  for (const text of ["/foo", "/model gpt"]) assert.equal(read(text, alice).kind, "wrong");
});

test("commands are completed from their beginning, models from any part of their name", () => {
  assert.deepEqual(values("/c"), ["/cancel", "/compact", "/clear"]);
  assert.deepEqual(values("/MO"), ["/model "]);
  assert.equal(values("/").length, COMMANDS.length);
  assert.deepEqual(values("/model "), ["/model sonnet", "/model opus", "/model haiku", "/model default"]);
  assert.deepEqual(values("/model  AIK"), ["/model haiku"]);
  for (const text of ["", "hello", "//", "//c", "/c\n", "/x", "/compact ", "/cancel n", "say /c"]) {
    assert.deepEqual(values(text), [], text);
  }
});

test("a model is said with what it is to the agent, and the way back comes last", () => {
  assert.deepEqual(modelChoices(alice), [
    { name: "sonnet", note: "now, configured" },
    { name: "opus", note: "from the next turn on" },
    { name: "haiku", note: "" },
    { name: "default", note: "sonnet, as configured" },
  ]);
  assert.equal(nextModel(alice), "opus");
  assert.equal(nextModel({ model: { configured: "sonnet", chosen: null } }), "sonnet");
  const named = { ...alice, models: ["default", "opus"], model: { configured: "default", chosen: null } };
  assert.deepEqual(modelChoices(named).map(({ name }) => name), ["default", "opus"]);
});

test("what was typed is kept once, newest last, and within bounds", () => {
  assert.deepEqual(remember(remember(remember([], "a"), "b"), "a"), ["b", "a"]);
  assert.deepEqual(remember(["a"], "  "), ["a"]);
  assert.deepEqual(remember(["a"], "x".repeat(LONGEST + 1)), ["a"]);
  const full = Array.from({ length: KEPT }, (_, index) => String(index));
  assert.deepEqual([remember(full, "new").length, remember(full, "new")[0]], [KEPT, "1"]);
});

test("what is stored and is nothing of ours is no history", () => {
  for (const wrong of [null, "", "nonsense", "{}", "3", '"a"']) assert.deepEqual(stored(wrong), []);
  assert.deepEqual(stored('["a", 1, null, "b"]'), ["a", "b"]);
});

test("a walk goes back to the oldest and forward to what was being written", () => {
  const list = ["one", "two"];
  const first = step(list, writing, "draft", -1);
  const second = step(list, first.place, first.text, -1);
  assert.deepEqual([first.text, second.text, step(list, second.place, second.text, -1)], ["two", "one", null]);
  const forward = step(list, second.place, "one", 1);
  const back = step(list, forward.place, "two", 1);
  assert.deepEqual([forward.text, back.text, back.place], ["two", "draft", writing]);
  assert.equal(step(list, writing, "draft", 1), null);
  assert.equal(step([], writing, "draft", -1), null);
});

test("cleared events stay hidden and later ones appear, for that agent alone, until it is taken back", () => {
  const cleared = clearedReducer(nothingCleared, { type: "cleared/upTo", agent: "alice", id: 5 });
  assert.deepEqual(
    [5, 6].map((id) => isShown(cleared, event(id, "note"))),
    [false, true],
  );
  assert.ok(isShown(cleared, event(1, "note", {}, { agent: "bob" })));
  assert.ok(isShown(cleared, event(1, "note", {}, { agent: "constructor" })));
  assert.deepEqual(clearedReducer(cleared, { type: "cleared/undo", agent: "alice" }), {});
  assert.equal(clearedReducer(cleared, { type: "snapshot" }), cleared);
});
