// Rows of an agent's log: results and refusals stand with their calls, turns know their ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logRows } from "../../dashboard/js/state/log_rows.js";
import { event } from "./samples.mjs";

const row = (its, fields = {}) => ({
  key: its.id,
  event: its,
  result: null,
  refusal: null,
  end: null,
  running: false,
  ...fields,
});
const bash = (id, command) => event(id, "tool_use", { id: `call-${id}`, name: "Bash", input: { command } });
const refused = (id, command) => event(id, "refused", { tool: "Bash", input: { command }, rule: "no_pattern" });

test("a result stands with its call, and one without a call stands alone", () => {
  const call = event(1, "tool_use", { id: "a", name: "Bash", input: {} });
  const other = event(2, "text", { text: "meanwhile" });
  const result = event(3, "tool_result", { id: "a", text: "ok" });
  const stray = event(4, "tool_result", { id: "zz", text: "?" });
  const foreign = event(5, "tool_result", { id: "a", text: "of another turn" }, { turn: "t2" });
  assert.deepEqual(logRows([call, other, result, stray, foreign]), [
    row(call, { result }),
    row(other),
    row(stray),
    row(foreign),
  ]);
});

test("a refusal stands with the call that was refused, whichever is told first", () => {
  const [first, second, third] = [bash(1, "rm a"), bash(2, "rm b"), bash(6, "rm c")];
  const [no2, no1, no3] = [refused(3, "rm b"), refused(4, "rm a"), refused(5, "rm c")];
  assert.deepEqual(logRows([first, second, no2, no1, no3, third]), [
    row(first, { refusal: no1 }),
    row(second, { refusal: no2 }),
    row(third, { refusal: no3 }),
  ]);
  const other = refused(7, "rm d");
  assert.deepEqual(logRows([first, other]), [row(first), row(other)]);
});

test("every row of a turn knows how it ended, and those of the running one that it runs", () => {
  const [start, text, end] = [event(1, "turn_start"), event(2, "text"), event(3, "turn_end", { result: "ok" })];
  const [next, note] = [event(4, "turn_start", {}, { turn: "t2" }), event(5, "note", {}, { turn: null })];
  assert.deepEqual(logRows([start, text, end, next, note], { current: "t2" }), [
    row(start, { end }),
    row(text, { end }),
    row(end, { end }),
    row(next, { running: true }),
    row(note),
  ]);
  assert.deepEqual(logRows([start, end, next], { brief: true }), [row(start, { end }), row(next)]);
  assert.deepEqual(logRows([end], { brief: true }), [row(end, { end })]);
});

test("a row that did not change is the same object as before", () => {
  const events = [event(1, "text"), event(2, "tool_use", { id: "a", name: "Bash", input: {} })];
  const before = logRows(events);
  const now = logRows([...events, event(3, "tool_result", { id: "a", text: "ok" })]);
  assert.equal(now[0], before[0]);
  assert.notEqual(now[1], before[1]);
});
