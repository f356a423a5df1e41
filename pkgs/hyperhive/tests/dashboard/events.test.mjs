// What the page reads of an event is what the broker tells: contract/events.schema.json.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeEvent, KINDS } from "../../dashboard/js/events.js";
import { SHOWN } from "../../dashboard/js/state/log.js";
import { logRows } from "../../dashboard/js/state/log_rows.js";
import { event } from "./samples.mjs";

const FILE = new URL("../../contract/events.schema.json", import.meta.url);
const { $defs: DEFINITIONS } = JSON.parse(readFileSync(FILE, "utf8"));
const { mapping: MODELS } = DEFINITIONS.AgentEvent.properties.data.discriminator;
const PLAIN = { string: "text", integer: 1, number: 0.5, boolean: true, null: null, array: [] };

const definition = (reference) => DEFINITIONS[reference.replace("#/$defs/", "")];

// Reading what the schema does not have fails.
function strict(fields, model) {
  return new Proxy(fields, {
    get(target, name) {
      assert.ok(typeof name === "symbol" || name === "toJSON" || name in target, `${model.title} has no ${String(name)}`);
      return target[name];
    },
  });
}

// A value that fits: `unknown` makes null of whatever may be null.
function sample(schema, unknown) {
  if (schema.anyOf) return sample(schema.anyOf.at(unknown ? -1 : 0), unknown);
  if (schema.$ref) return sample(definition(schema.$ref), unknown);
  if (schema.enum) return schema.enum[0];
  if (schema.const) return schema.const;
  if (schema.type !== "object") return PLAIN[schema.type];
  if (!schema.properties) return {};
  const fields = Object.entries(schema.properties).filter(([name]) => name !== "kind");
  return strict(Object.fromEntries(fields.map(([name, field]) => [name, sample(field, unknown)])), schema);
}

const oneOfEach = (unknown) =>
  Object.entries(MODELS).map(([kind, model], id) => event(id, kind, sample(definition(model), unknown)));

test("every kind of event has a reader, and what a log can be narrowed to exists", () => {
  assert.deepEqual([...KINDS].sort(), Object.keys(MODELS).sort());
  const chosen = Object.values(SHOWN).flatMap((kinds) => kinds ?? []);
  assert.deepEqual(chosen.filter((kind) => !Object.hasOwn(MODELS, kind)), []);
});

test("only fields that are told are read, and all that is read is text, numbers and flags", () => {
  const plain = (value) =>
    ["string", "number", "boolean"].includes(typeof value) ||
    (Array.isArray(value) ? value.every(plain) : Object.values(value).every(plain));
  for (const unknown of [false, true]) {
    const events = oneOfEach(unknown);
    for (const one of events) assert.ok(plain(describeEvent(one)), `${one.kind} is read as ${JSON.stringify(describeEvent(one))}`);
    assert.ok(logRows(events).length > 0);
  }
});

test("a turn's end says how long, how many calls, tokens and money", () => {
  const data = {
    result: "ok",
    error: "",
    duration_ms: 12_340,
    tool_calls: 1,
    cost_usd: 0.0312,
    tokens: { input: 10, output: 900, cache_read: 12_000, cache_write: 0 },
  };
  assert.deepEqual(describeEvent(event(1, "turn_end", data)), {
    kind: "turn_end",
    result: "ok",
    text: "",
    facts: "12.3 s · 1 tool call · 12k in, 900 out · $0.03",
  });
  const subagent_tokens = { input: 4, output: 200, cache_read: 3000, cache_write: 0 };
  const facts = "12.3 s · 1 tool call · 12k in, 900 out (3k in, 200 out by subagents) · $0.03";
  assert.equal(describeEvent(event(1, "turn_end", { ...data, subagent_tokens })).facts, facts);
});

test("an event of a newer broker is shown as it came", () => {
  for (const kind of ["new kind", "constructor"]) {
    assert.deepEqual(describeEvent(event(1, kind, { a: 1 })), { kind: "other", name: kind, text: '{\n  "a": 1\n}' });
  }
});
