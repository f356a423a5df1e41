// What the stats show: windows, parts of the past, charts, legends and tables of a report.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bucketTime,
  columns,
  isEmpty,
  legend,
  points,
  summary,
  tableRows,
  tick,
  timeTicks,
  toolRows,
} from "../../dashboard/js/chart_data.js";
import { AGENT_CHARTS, HIVE_CHARTS } from "../../dashboard/js/charts.js";
import { throttled } from "../../dashboard/js/net/throttle.js";
import {
  SHORTEST,
  dragged,
  isStale,
  moved,
  noStats,
  range,
  statsReducer,
  viewKey,
} from "../../dashboard/js/state/stats.js";

const NOW = 1_793_707_200;
const chart = (id) => AGENT_CHARTS.find((one) => one.id === id);

function report(series = {}, totals = {}, tools = {}) {
  return { agent: "alice", since: 600, until: 780, step: 60, series, totals, tools, last_turn_at: null };
}

const steps = (state, ...actions) => actions.reduce(statsReducer, state);

test("a window moves with time until a part of the past is chosen", () => {
  const day = noStats(null);
  assert.deepEqual(range(day, NOW), { since: NOW - 86_400, until: NOW });
  assert.equal(viewKey(noStats("week")), "week");
  assert.equal(viewKey(noStats("<b>")), "day");
  const zoomed = steps(day, { type: "zoom", zoom: dragged(NOW - 7200, NOW - 9000, NOW) });
  assert.deepEqual(range(zoomed, NOW + 50), { since: NOW - 9000, until: NOW - 7200 });
  assert.notEqual(viewKey(zoomed), viewKey(day));
  assert.equal(viewKey(steps(zoomed, { type: "zoom", zoom: null })), "day");
  assert.equal(viewKey(steps(zoomed, { type: "window", window: "hour" })), "hour");
});

test("a drag shows no less than there are numbers for, and nothing of the future", () => {
  const short = dragged(NOW - 1000, NOW - 999, NOW);
  assert.ok(short.until - short.since >= SHORTEST);
  assert.equal(dragged(NOW - 600, NOW + 600, NOW).until, NOW);
  assert.equal(dragged(-50, 400, NOW).since, 0);
});

test("steps go through the past and end where it meets now", () => {
  const hour = noStats("hour");
  const earlier = steps(hour, { type: "zoom", zoom: moved(hour, "earlier", NOW) });
  assert.deepEqual(range(earlier, NOW), { since: NOW - 5400, until: NOW - 1800 });
  const closer = steps(earlier, { type: "zoom", zoom: moved(earlier, "closer", NOW) });
  assert.deepEqual(range(closer, NOW), { since: NOW - 4500, until: NOW - 2700 });
  assert.equal(moved(earlier, "later", NOW), null);
  assert.equal(moved(hour, "later", NOW), null);
  assert.deepEqual(moved(closer, "later", NOW), { since: NOW - 3600, until: NOW - 1800 });
});

test("an answer to a question that is no longer asked is not shown", () => {
  const first = noStats("hour");
  assert.ok(isStale(first));
  const shown = steps(first, { type: "report", key: "hour", report: report(), at: 5 });
  assert.ok(!isStale(shown));
  const next = steps(shown, { type: "window", window: "day" });
  assert.ok(isStale(next));
  assert.equal(next.report, shown.report);
  assert.equal(steps(next, { type: "report", key: "hour", report: report({ a: [1] }), at: 6 }), next);
  assert.equal(steps(next, { type: "failed", key: "hour", error: "late" }), next);
});

test("after a failure the last report stays, with the reason, until the next one", () => {
  const shown = steps(noStats("hour"), { type: "report", key: "hour", report: report(), at: 5 });
  const failed = steps(shown, { type: "failed", key: "hour", error: "The broker does not answer." });
  assert.deepEqual([failed.report, failed.seenAt, failed.error], [shown.report, 5, "The broker does not answer."]);
  const again = steps(failed, { type: "report", key: "hour", report: report(), at: 9 });
  assert.deepEqual([again.seenAt, again.error], [9, null]);
});

test("bars stand in the middle of their buckets, and those of a stack lie on one another", () => {
  const given = report({
    "turn.result.ok": [2, 0, null],
    "turn.result.cancelled": [1, 0, null],
    "turn.result.failed": [0, 3, null],
  });
  assert.deepEqual(columns(chart("results"), given), [
    [630, 690, 750],
    [2, null, null],
    [null, null, null],
    [3, null, null],
    [null, 3, null],
  ]);
  assert.deepEqual(columns(chart("turns"), report({ "turn.per_minute": [1, 0, 2] }))[1], [1, 0, 2]);
  assert.deepEqual(columns(chart("notes"), report())[1], [null, null, null]);
});

test("the legend tells the whole window, or the bucket under the cursor", () => {
  const given = report(
    { "turn.duration_ms.p50": [900, null, 95_000], "turn.duration_ms.p95": [4250, null, 3_700_000] },
    { "turn.duration_ms.p50": 1200, "turn.duration_ms.p95": 12_340 },
  );
  const texts = (index) => legend(chart("duration"), given, index).map((one) => one.text);
  assert.deepEqual([null, 0, 1, 2].map(texts), [
    ["1.2 s", "12.3 s"],
    ["900 ms", "4.25 s"],
    ["–", "–"],
    ["1:35", "1:01:40"],
  ]);
  assert.deepEqual(legend(chart("sent"), report(), null).map((one) => one.text), ["0", "0", "0"]);
  assert.deepEqual(legend(chart("context"), report(), null).map((one) => one.text), ["–"]);
});

test("numbers are short, and exact where they are small", () => {
  const total = (id, key, value) => legend(chart(id), report({}, { [key]: value }), null)[0].text;
  assert.deepEqual(
    [0, 0.0042, 0.31, 12.5].map((usd) => total("cost", "cost_usd", usd)),
    ["$0.00", "$0.0042", "$0.31", "$12.50"],
  );
  assert.deepEqual(
    [0, 999, 2400, 65_536, 3_400_000].map((size) => total("notes", "notes.bytes", size)),
    ["0 B", "999 B", "2.4 kB", "66 kB", "3.4 MB"],
  );
  assert.deepEqual(
    [30, 61, 5400, 7200, 90_000].map((age) => total("idle", "turn.idle_seconds", age)),
    ["30 s", "1 min", "90 min", "2 h", "1 d"],
  );
  assert.deepEqual([0, 30_000, 60_000].map((value) => tick(chart("duration"), value)), ["0", "30 s", "1:00"]);
});

test("a chart without numbers says so, in its sentence too", () => {
  assert.ok(isEmpty(chart("turns"), report({ "turn.per_minute": [null, null, null] })));
  assert.ok(!isEmpty(chart("turns"), report({ "turn.per_minute": [0, 0, null] })));
  assert.equal(summary(chart("notes"), report()), "Size of the notes: nothing in this time.");
  const given = report({ "turn.per_minute": [1, 0, 2] }, { "turn.per_minute": 1, "turn.count": 3 });
  assert.equal(summary(chart("turns"), given), "Turns per minute: 3 turns, per minute 1.");
});

test("a table has the newest bucket first, and none in which nothing was", () => {
  const given = report({ "messages.sent.peer": [3, 0, 1], "messages.sent.operator": [0, 0, 1] });
  const rows = tableRows(chart("sent"), given, NOW).map(({ at, cells }) => [at, ...cells]);
  assert.deepEqual(rows, [
    [720, "1", "0", "1"],
    [600, "3", "0", "0"],
  ]);
});

test("a bucket is named by its time of day, or its date when it is that long", () => {
  const at = new Date(2026, 10, 3, 14, 5).getTime() / 1000;
  const given = { ...report(), since: at, step: 300 };
  assert.equal(bucketTime(given, 1, at), "14:10–14:15");
  assert.equal(bucketTime(given, 1, at + 86_400 * 9), "2026-11-03 14:10–14:15");
  assert.equal(bucketTime({ ...given, step: 86_400 }, 0, at + 86_400 * 9), "2026-11-03");
});

test("an axis says times of day, and the date at midnight", () => {
  const midnight = new Date(2026, 10, 3).getTime() / 1000;
  assert.deepEqual(timeTicks([midnight - 3600, midnight, midnight + 3600], 3600), ["23:00", "11-03", "01:00"]);
  assert.deepEqual(timeTicks([midnight + 7200], 86_400), ["11-03"]);
});

test("few numbers are drawn as points, and of many those that no line reaches", () => {
  assert.deepEqual(points([1, null, 2, 3]), [0, 2, 3]);
  const many = Array.from({ length: 100 }, (_, index) => (index === 20 || index === 22 ? null : index));
  assert.deepEqual(points(many), [21]);
});

test("tools come in order whatever they are called", () => {
  const tools = JSON.parse('{"10": 1, "other": 50, "__proto__": 4, "constructor": 2, "Bash": 4}');
  assert.deepEqual(
    toolRows(report({}, {}, tools)).map((row) => [row.name, row.count, row.share]),
    [
      ["__proto__", 4, 0.08],
      ["Bash", 4, 0.08],
      ["constructor", 2, 0.04],
      ["10", 1, 0.02],
      ["other", 50, 1],
    ],
  );
  assert.deepEqual(toolRows(report()), []);
});

test("the hive has the charts of an agent but for context and notes", () => {
  const ids = (charts) => charts.map((one) => one.id);
  assert.deepEqual(
    ids(AGENT_CHARTS).filter((id) => !ids(HIVE_CHARTS).includes(id)),
    ["context", "notes"],
  );
});

// Timers that the test lets run.
function slowly() {
  const due = [];
  let time = 0;
  return {
    due,
    set: (run, pause) => due.push({ run, pause }) && due.length,
    clear: () => due.splice(0),
    now: () => time,
    async pass(milliseconds) {
      time += milliseconds;
      await due.shift().run();
    },
  };
}

test("what is asked for often runs at once, then not before its pause is over, and once more", async () => {
  const timers = slowly();
  let runs = 0;
  const asking = throttled(async () => (runs += 1), 1000, timers);
  asking.ask();
  asking.ask();
  assert.deepEqual(timers.due.map((one) => one.pause), [0]);
  await timers.pass(0);
  asking.ask();
  asking.ask();
  assert.deepEqual([runs, timers.due.map((one) => one.pause)], [1, [1000]]);
  await timers.pass(1000);
  assert.deepEqual([runs, timers.due.length], [2, 0]);
});

test("nothing runs twice at a time, or after it was stopped", async () => {
  const timers = slowly();
  let finish;
  let runs = 0;
  const asking = throttled(() => new Promise((resolve) => ((runs += 1), (finish = resolve))), 1000, timers);
  asking.ask();
  const first = timers.pass(0);
  asking.ask();
  assert.deepEqual([runs, timers.due.length], [1, 0]);
  finish();
  await first;
  assert.equal(timers.due.length, 1);
  asking.stop();
  asking.ask();
  assert.equal(timers.due.length, 0);
});
