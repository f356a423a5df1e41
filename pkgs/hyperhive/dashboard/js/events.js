// Makes an event of an agent's log readable. Pure. The broker gives an event's data the shape that
// contract/events.schema.json tells; the texts in it, and the input of a tool, are whatever an agent wrote.
import { counted, money, stopwatch, tokens } from "./format.js";
import { asText, describeTool } from "./tools.js";

const NO_TOKENS = { input: 0, output: 0, cache_read: 0, cache_write: 0 };

function bySubagents(part) {
  if (!part) return "";
  return ` (${tokens(part.input + part.cache_read + part.cache_write)} in, ${tokens(part.output)} out by subagents)`;
}

function turnFacts(end) {
  const { duration_ms: milliseconds, tool_calls: calls, tokens: used, cost_usd: cost } = end;
  const seconds = (milliseconds ?? 0) / 1000;
  const { input, output, cache_read: read, cache_write: written } = used ?? NO_TOKENS;
  return [
    seconds < 60 ? `${seconds.toFixed(1)} s` : stopwatch(seconds),
    counted(calls ?? 0, "tool call"),
    `${tokens(input + read + written)} in, ${tokens(output)} out${bySubagents(end.subagent_tokens)}`,
    money(cost ?? 0),
  ].join(" · ");
}

const READERS = {
  turn_start: ({ prompt, messages }) => ({ text: prompt, messages }),
  text: ({ text }) => ({ text }),
  thinking: ({ text }) => ({ text }),
  tool_use: ({ name, input }) => ({ tool: describeTool(name || "tool", input) }),
  tool_result: ({ text, is_error: failed, runs }) => ({ text, failed, runs }),
  refused: ({ tool, input, rule, reason }) => ({ tool: describeTool(tool || "tool", input), rule, text: reason }),
  note: ({ level, text }) => ({ level, text }),
  turn_end: (data) => ({ result: data.result, text: data.error, facts: turnFacts(data) }),
};

/** The kinds that are read. */
export const KINDS = Object.keys(READERS);

/** {kind, …} for the log's view; a kind of a newer broker becomes `other` with its JSON as text. */
export function describeEvent(event) {
  const reader = Object.hasOwn(READERS, event.kind) ? READERS[event.kind] : null;
  if (!reader) return { kind: "other", name: event.kind, text: asText(event.data) };
  return { kind: event.kind, ...reader(event.data) };
}
