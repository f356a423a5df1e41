// The short words for times, sizes and money.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clock,
  contextPercent,
  money,
  shortModel,
  span,
  stopwatch,
  textLength,
  today,
  tokens,
} from "../../dashboard/js/format.js";

test("elapsed time is said in its largest unit", () => {
  assert.deepEqual([-3, 0, 59.9, 60, 3599, 3600, 86_400 * 3].map(span), [
    "0 s",
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h",
    "3 d",
  ]);
});

test("a stop watch counts seconds, minutes and hours", () => {
  assert.deepEqual([0, 7, 61, 754, 3600, 36_061].map(stopwatch), [
    "0:00",
    "0:07",
    "1:01",
    "12:34",
    "1:00:00",
    "10:01:01",
  ]);
});

test("a time of another day carries its date", () => {
  const noon = new Date(2026, 10, 3, 12, 5, 9).getTime() / 1000;
  assert.equal(clock(noon, noon + 60), "12:05:09");
  assert.equal(clock(noon, noon + 60, { seconds: false }), "12:05");
  assert.equal(clock(noon, noon + 86_400), "2026-11-03 12:05:09");
});

test("money, tokens and texts are short", () => {
  assert.deepEqual([0, 0.004, 1.239].map(money), ["$0.00", "<$0.01", "$1.24"]);
  assert.deepEqual([930, 12_300, 999_600].map(tokens), ["930", "12k", "1.0M"]);
  assert.deepEqual(["abc", "x".repeat(98_000)].map(textLength), ["3 characters", "98k characters"]);
});

test("a day without turns says so", () => {
  assert.equal(today({ turns_today: 0, cost_today_usd: 0 }), "no turn today");
  assert.equal(today({ turns_today: 1, cost_today_usd: 0.5 }), "1 turn · $0.50");
});

test("context use is a percentage, never above the whole, and unknown before the first turn", () => {
  assert.equal(contextPercent({ context_used: 50, context_max: 200 }), 25);
  assert.equal(contextPercent({ context_used: 300, context_max: 200 }), 100);
  assert.equal(contextPercent({ context_used: null, context_max: null }), null);
  assert.equal(contextPercent({ context_used: 5, context_max: 0 }), null);
});

test("a model is named without its maker", () => {
  assert.deepEqual(["claude-opus-4-5", "other", "claude-"].map(shortModel), ["opus-4-5", "other", "claude-"]);
});
