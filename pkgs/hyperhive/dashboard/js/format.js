// Turns times, sizes and money into the short words of the page. Pure; times are seconds.

const OWN_TOOLS = "mcp__hyperhive__";

/** Elapsed seconds in one unit, such as `12 s`, `3 min`, `2 h`, `4 d`. */
export function span(seconds) {
  const value = Math.max(0, Math.floor(seconds));
  if (value < 60) return `${value} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min`;
  if (value < 86_400) return `${Math.floor(value / 3600)} h`;
  return `${Math.floor(value / 86_400)} d`;
}

/** A running clock such as `0:07`, `12:40`, `1:02:33`. */
export function stopwatch(seconds) {
  const value = Math.max(0, Math.floor(seconds));
  const pair = (number) => String(number).padStart(2, "0");
  const rest = `${pair(Math.floor(value / 60) % 60)}:${pair(value % 60)}`;
  return value < 3600 ? rest.replace(/^0(?=\d)/, "") : `${Math.floor(value / 3600)}:${rest}`;
}

function sameDay(left, right) {
  return left.toDateString() === right.toDateString();
}

/** Local time of day, with the date when `at` is not of the day of `now`. */
export function clock(at, now, { seconds = true } = {}) {
  const date = new Date(at * 1000);
  const pair = (number) => String(number).padStart(2, "0");
  const time = `${pair(date.getHours())}:${pair(date.getMinutes())}`;
  const full = seconds ? `${time}:${pair(date.getSeconds())}` : time;
  if (sameDay(date, new Date(now * 1000))) return full;
  return `${date.getFullYear()}-${pair(date.getMonth() + 1)}-${pair(date.getDate())} ${full}`;
}

export function money(usd) {
  if (usd > 0 && usd < 0.01) return "<$0.01";
  return `$${usd.toFixed(2)}`;
}

/** Turns and cost of the day. */
export function today({ turns_today: turns, cost_today_usd: cost }) {
  return turns || cost ? `${counted(turns, "turn")} · ${money(cost)}` : "no turn today";
}

/** A model's name without the maker's prefix that all of them share. */
export function shortModel(name) {
  return name.replace(/^claude-(?=.)/, "");
}

/** Tokens such as `930`, `12k`, `1.2M`. */
export function tokens(count) {
  if (count < 1000) return String(count);
  if (count < 999_500) return `${Math.round(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** Length of a text such as `840 characters`, `98k characters`. */
export function textLength(text) {
  return `${text.length < 10_000 ? text.length : tokens(text.length)} characters`;
}

export function byteSize(count) {
  return count < 1e6 ? `${Math.ceil(count / 1000)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** Context use in whole percent, null before the first turn. */
export function contextPercent(status) {
  if (status.context_used === null || !status.context_max) return null;
  return Math.min(100, Math.round((100 * status.context_used) / status.context_max));
}

/** A tool's name without hyperhive's own prefix; a foreign server's stands before its tool. */
export function shortTool(name) {
  if (name.startsWith(OWN_TOOLS)) return name.slice(OWN_TOOLS.length);
  const [, server, tool] = name.match(/^mcp__(.+?)__(.+)$/) ?? [];
  return server ? `${server}: ${tool}` : name;
}
