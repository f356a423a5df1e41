// The rows of the flow: one for each message, one for each day, the same objects as long as they say the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { withDays } from "../../dashboard/js/state/flow.js";
import { message } from "./samples.mjs";

const at = (...parts) => new Date(2026, ...parts).getTime() / 1000;
const NOW = at(10, 3, 12);

test("a day is named where it begins, and today only after another one", () => {
  const old = message(1, { sent_at: at(10, 2, 23, 59, 59) });
  const midnight = message(2, { sent_at: at(10, 3) });
  const later = message(3, { sent_at: at(10, 3, 11) });
  const keys = (messages) => withDays(messages, NOW).map((row) => row.key);
  assert.deepEqual(keys([midnight, later]), [2, 3]);
  assert.deepEqual(keys([old, midnight, later]), ["day-Mon Nov 02 2026", 1, "day-Tue Nov 03 2026", 2, 3]);
  assert.deepEqual(keys([]), []);
});

test("a message that did not change keeps its row, a changed one gets another", () => {
  const [one, two] = [message(1, { sent_at: NOW }), message(2, { sent_at: NOW })];
  const before = withDays([one, two], NOW);
  const after = withDays([one, { ...two, state: "acked" }], NOW);
  assert.equal(after[0], before[0]);
  assert.notEqual(after[1], before[1]);
});
