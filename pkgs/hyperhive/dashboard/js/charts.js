// The charts of the stats: what each one is called, draws of a report and says beside its title. Pure.
import { counted, money, span, stopwatch, tokens } from "./format.js";

function short(value) {
  if (value >= 10_000) return tokens(Math.round(value));
  return String(Number(value.toPrecision(value < 10 ? 2 : 4)));
}

function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${Number(seconds.toFixed(2))} s`;
  return seconds < 60 ? `${Number(seconds.toFixed(1))} s` : stopwatch(seconds);
}

export function bytes(count) {
  if (count < 1000) return `${Math.round(count)} B`;
  const [size, unit] = count < 999_500 ? [count / 1000, "kB"] : [count / 1_000_000, "MB"];
  return `${Number(size.toFixed(size < 10 ? 1 : 0))} ${unit}`;
}

const cents = (usd) => (usd > 0 && usd < 0.1 ? `$${Number(usd.toPrecision(2))}` : money(usd));
const whole = (count) => (count < 1_000_000 ? String(count) : tokens(count));

function ticked(write) {
  return (value) => (value === 0 ? "0" : write(value));
}

// `90 min` and not `1 h`: two ticks must not have one name.
const lasting = (seconds) => (seconds >= 60 && seconds < 7200 ? `${Math.round(seconds / 60)} min` : span(seconds));

const decades = (most) => Array.from({ length: most }, (_, power) => 10 ** power);
const WHOLE = decades(12).flatMap((ten) => [ten, 2 * ten, 5 * ten]);
const CLOCK = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 28_800];
const SECONDS = [...CLOCK, ...WHOLE.map((days) => days * 86_400)];

/** How a number is written in the legend and the table, and how on the axis, whose ticks are `steps` apart. */
export const UNITS = {
  count: { text: whole, tick: short, steps: WHOLE },
  rate: { text: short, tick: short },
  milliseconds: {
    text: duration,
    tick: ticked(duration),
    steps: [...WHOLE.filter((step) => step < 1000), ...SECONDS.map((step) => step * 1000)],
  },
  seconds: { text: lasting, tick: ticked(lasting), steps: SECONDS },
  tokens: { text: tokens, tick: tokens, steps: WHOLE },
  usd: { text: cents, tick: ticked(cents) },
  bytes: { text: bytes, tick: ticked(bytes) },
};

const sides = (way, last) => [
  { key: `messages.${way}.peer`, label: "peers", ink: "--chart-1" },
  { key: `messages.${way}.manager`, label: "manager", ink: "--chart-2" },
  { key: `messages.${way}.operator`, label: "operator", ink: "--chart-3" },
  ...last,
];

const number = (report, key) => report.totals[key] ?? 0;
const sum = (report, keys) => keys.reduce((all, key) => all + number(report, key), 0);
const keysOf = (chart) => chart.series.map((one) => one.key);

/**
 * `kind` is how it is drawn: bars, stacked bars, lines between measured points, or steps of what holds.
 * `total` is said beside the title. Series are listed from the bottom of a stack to its top.
 */
const TURNS = {
  id: "turns",
  title: "Turns per minute",
  unit: "rate",
  kind: "bars",
  series: [{ key: "turn.per_minute", label: "per minute", ink: "--chart-1" }],
  total: (report) => counted(number(report, "turn.count"), "turn"),
};
const RESULTS = {
  id: "results",
  title: "How turns ended",
  unit: "count",
  kind: "stack",
  series: [
    { key: "turn.result.ok", label: "ok", ink: "--chart-1" },
    { key: "turn.result.compact_retry", label: "compacted", ink: "--chart-2" },
    { key: "turn.result.cancelled", label: "cancelled", ink: "--chart-4" },
    { key: "turn.result.failed", label: "failed", ink: "--chart-5" },
  ],
  total: (report) => `${number(report, "turn.result.failed")} failed`,
};
const DURATION = {
  id: "duration",
  title: "Turn duration",
  unit: "milliseconds",
  kind: "lines",
  series: [
    { key: "turn.duration_ms.p50", label: "p50", ink: "--chart-1" },
    { key: "turn.duration_ms.p95", label: "p95", ink: "--chart-2" },
  ],
  total: () => "",
};
const CALLS = {
  id: "calls",
  title: "Tool calls per turn",
  unit: "rate",
  kind: "bars",
  series: [{ key: "turn.tool_calls_per_turn", label: "per turn", ink: "--chart-1" }],
  total: (report) => counted(number(report, "turn.tool_calls"), "tool call"),
};
const DEPTH = {
  id: "depth",
  title: "Inbox depth",
  unit: "count",
  kind: "steps",
  series: [
    { key: "inbox.depth", label: "at the end", ink: "--chart-1" },
    { key: "inbox.depth.max", label: "at most", ink: "--chart-2" },
  ],
  total: () => "",
};
const SENT = {
  id: "sent",
  title: "Messages sent to",
  unit: "count",
  kind: "stack",
  series: sides("sent", []),
  total: (report) => `${sum(report, keysOf(SENT))} sent`,
};
const RECEIVED = {
  id: "received",
  title: "Messages received from",
  unit: "count",
  kind: "stack",
  series: sides("received", [{ key: "messages.received.system", label: "hyperhive", ink: "--chart-4" }]),
  total: (report) => `${sum(report, keysOf(RECEIVED))} received`,
};
const TOKENS = {
  id: "tokens",
  title: "Tokens",
  unit: "tokens",
  kind: "stack",
  series: [
    { key: "tokens.output", label: "output", ink: "--chart-2" },
    { key: "tokens.input", label: "input", ink: "--chart-3" },
    { key: "tokens.cache_write", label: "cache write", ink: "--chart-1" },
    { key: "tokens.cache_read", label: "cache read", ink: "--chart-4" },
  ],
  total: (report) => {
    const subagents = report.totals["subagents.tokens"];
    const beside = subagents ? `, ${tokens(subagents)} of them by subagents` : "";
    return `${tokens(sum(report, keysOf(TOKENS)))} in all${beside}`;
  },
};
const COST = {
  id: "cost",
  title: "Cost, an estimate",
  unit: "usd",
  kind: "bars",
  series: [{ key: "cost_usd", label: "cost", ink: "--chart-1" }],
  total: () => "",
};
const CONTEXT = {
  id: "context",
  title: "Context used",
  unit: "tokens",
  kind: "steps",
  series: [{ key: "context.used", label: "tokens", ink: "--chart-1" }],
  total: () => "",
};
const NOTES = {
  id: "notes",
  title: "Size of the notes",
  unit: "bytes",
  kind: "steps",
  series: [{ key: "notes.bytes", label: "notes.md", ink: "--chart-1" }],
  total: () => "",
};
const IDLE = {
  id: "idle",
  title: "Time since the last turn",
  unit: "seconds",
  kind: "steps",
  series: [{ key: "turn.idle_seconds", label: "at most", ink: "--chart-1" }],
  total: () => "",
};

export const HIVE_CHARTS = [TURNS, RESULTS, DURATION, CALLS, DEPTH, SENT, RECEIVED, TOKENS, COST, IDLE];
export const AGENT_CHARTS = [...HIVE_CHARTS.slice(0, -1), CONTEXT, NOTES, IDLE];
