// Makes an event of an agent's log readable. Pure. An event's data comes from inside a container, so
// nothing about its shape is taken for granted: what leaves here is strings, numbers and null.
import { counted, money, stopwatch, tokens } from "./format.js";
import { asText, describeTool } from "./tools.js";

function number(value) {
  return Number.isFinite(value) ? value : 0;
}

function turnFacts(data) {
  const used = data.tokens ?? {};
  const seconds = number(data.duration_ms) / 1000;
  const input = number(used.input) + number(used.cache_read) + number(used.cache_write);
  return [
    seconds < 60 ? `${seconds.toFixed(1)} s` : stopwatch(seconds),
    counted(number(data.tool_calls), "tool call"),
    `${tokens(input)} in, ${tokens(number(used.output))} out`,
    money(number(data.cost_usd)),
  ].join(" · ");
}

const READERS = {
  turn_start: (data) => ({
    text: asText(data.prompt ?? ""),
    messages: Array.isArray(data.messages) ? data.messages.filter(Number.isInteger) : [],
  }),
  text: (data) => ({ text: asText(data.text ?? "") }),
  thinking: (data) => ({ text: asText(data.text ?? "") }),
  tool_use: (data) => ({ tool: describeTool(asText(data.name ?? "tool"), data.input) }),
  tool_result: (data) => ({ text: asText(data.text ?? ""), failed: data.is_error === true }),
  refused: (data) => ({
    tool: describeTool(asText(data.tool ?? "tool"), data.input),
    rule: asText(data.rule ?? ""),
    text: asText(data.reason ?? ""),
  }),
  note: (data) => ({
    level: ["info", "warning", "error"].includes(data.level) ? data.level : "info",
    text: asText(data.text ?? ""),
  }),
  turn_end: (data) => ({
    result: asText(data.result ?? ""),
    text: asText(data.error ?? ""),
    facts: turnFacts(data),
  }),
  state: (data) => ({ state: asText(data.state ?? ""), text: asText(data.detail ?? "") }),
};

/** {kind, …} for the log's view; a kind that is not known becomes `other` with its JSON as text. */
export function describeEvent(event) {
  const reader = Object.hasOwn(READERS, event.kind) ? READERS[event.kind] : null;
  if (!reader) return { kind: "other", name: asText(event.kind), text: asText(event.data) };
  return { kind: event.kind, ...reader(event.data ?? {}) };
}
