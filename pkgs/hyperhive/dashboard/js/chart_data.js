// Reads a chart's numbers out of a report: for the drawing, the legend, the table and its one sentence. Pure.
import { UNITS } from "./charts.js";
import { clock } from "./format.js";

const NOTHING = "–";
const FEW = 40;

/** Whether the report says anything that the chart shows. */
export function isEmpty(chart, report) {
  return chart.series.every(({ key }) => (report.series[key] ?? []).every((one) => one === null));
}

function times({ since, step, until }) {
  return Array.from({ length: Math.round((until - since) / step) }, (_, index) => since + step * index);
}

function values(chart, report) {
  const { length } = times(report);
  const lacking = chart.kind === "stack" ? 0 : null;
  return chart.series.map(({ key }) => report.series[key] ?? new Array(length).fill(lacking));
}

// What adds nothing is not drawn: below a bar of the same height its edges would shine through.
function stacked(rows) {
  let below = rows[0].map(() => 0);
  return rows.map((row) => {
    const top = row.map((one, index) => one + below[index]);
    below = top;
    return top.map((height, index) => (row[index] ? height : null));
  });
}

/** [times of the buckets' middles, one array for each series]; those of a stack lie on one another. */
export function columns(chart, report) {
  const middles = times(report).map((at) => at + report.step / 2);
  const rows = values(chart, report);
  return [middles, ...(chart.kind === "stack" ? stacked(rows) : rows)];
}

export function tick(chart, value) {
  return UNITS[chart.unit].tick(value);
}

/** How far apart the ticks of the axis may be; undefined leaves it to whoever draws. */
export function tickSteps(chart) {
  return UNITS[chart.unit].steps;
}

/** Which numbers of a line are drawn as points, too: all where there are few, and those without neighbours. */
export function points(row) {
  const known = row.flatMap((one, index) => (one == null ? [] : [index]));
  if (known.length <= FEW) return known;
  return known.filter((index) => row[index - 1] == null && row[index + 1] == null);
}

function text(chart, value) {
  return value === null || value === undefined ? NOTHING : UNITS[chart.unit].text(value);
}

/** {label, ink, text} of every series: of the bucket `index`, or of the whole window when it is null. */
export function legend(chart, report, index) {
  const rows = values(chart, report);
  const lacking = chart.kind === "stack" ? 0 : null;
  return chart.series.map(({ key, label, ink }, at) => ({
    label,
    ink,
    text: text(chart, index === null ? (report.totals[key] ?? lacking) : rows[at][index]),
  }));
}

/** The time of a bucket, such as `14:05–14:10`. */
export function bucketTime(report, index, now) {
  const since = report.since + report.step * index;
  const from = clock(since, now, { seconds: false });
  if (report.step >= 86_400) return from.slice(0, 10);
  return `${from}–${clock(since + report.step, since, { seconds: false }).slice(-5)}`;
}

/** Rows of the chart as a table, newest first; buckets in which nothing was are left out. */
export function tableRows(chart, report, now) {
  const rows = values(chart, report);
  return times(report)
    .map((at, index) => ({ at, time: bucketTime(report, index, now), numbers: rows.map((row) => row[index]) }))
    .filter(({ numbers }) => numbers.some((one) => one))
    .map(({ numbers, ...row }) => ({ ...row, cells: numbers.map((one) => text(chart, one)) }))
    .reverse();
}

/** The chart in one sentence, for who does not see it. */
export function summary(chart, report) {
  if (isEmpty(chart, report)) return `${chart.title}: nothing in this time.`;
  const words = legend(chart, report, null).map((one) => `${one.label} ${one.text}`);
  const total = chart.total(report);
  return `${chart.title}: ${[...(total ? [total] : []), ...words].join(", ")}.`;
}

/** {name, count, share} of every tool, most used first; `share` is of the most used one. */
export function toolRows(report) {
  const rows = Object.entries(report.tools).map(([name, count]) => ({ name, count }));
  rows.sort((left, right) => (left.name === "other") - (right.name === "other") || right.count - left.count);
  const most = Math.max(1, ...rows.map((row) => row.count));
  return rows.map((row) => ({ ...row, share: row.count / most }));
}

/** Labels of a time axis whose ticks are `step` seconds apart: times of day, or dates. */
export function timeTicks(ticks, step) {
  return ticks.map((at) => {
    const date = new Date(at * 1000);
    const pair = (value) => String(value).padStart(2, "0");
    const midnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (step >= 86_400 || midnight) return `${pair(date.getMonth() + 1)}-${pair(date.getDate())}`;
    return `${pair(date.getHours())}:${pair(date.getMinutes())}`;
  });
}
