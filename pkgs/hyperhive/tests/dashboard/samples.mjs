// Whole messages, questions, agents and events as the broker sends them, with the fields a test changes.

export function message(id, fields = {}) {
  return {
    id,
    sender: "alice",
    recipient: "bob",
    kind: "text",
    body: `body ${id}`,
    in_reply_to: null,
    broadcast: false,
    question: null,
    sent_at: 1000 + id,
    state: "queued",
    turn: null,
    deliveries: 0,
    redelivered: false,
    leased_at: null,
    acked_at: null,
    refused_rule: null,
    failures: 0,
    error: null,
    ...fields,
  };
}

/** What the stream tells of a message that changed: everything but its text. */
export function change(id, fields = {}) {
  const { body: _, ...rest } = message(id, fields);
  return rest;
}

export function question(id, fields = {}) {
  return {
    id,
    asker: "alice",
    target: "operator",
    question: `question ${id}`,
    options: [],
    multi: false,
    asked_at: 1000 + id,
    deadline_at: null,
    state: "open",
    answer: null,
    closed_by: null,
    closed_at: null,
    ...fields,
  };
}

export function agent(name, state = "idle", fields = {}) {
  return {
    name,
    role: "agent",
    models: ["m"],
    model: { configured: "m", chosen: null },
    policy: {
      allowed_recipients: null,
      bash: null,
      tools: [],
      mcp_servers: {},
      turns_per_day: null,
      usd_cents_per_day: null,
      compact_above_percent: 0,
      compact_notes_above_bytes: 0,
      silent_minutes: 10,
      limits: null,
      broker_limits: {
        requests_per_second: 20,
        received_kib_per_second: 256,
        stored_mib_per_hour: 16,
        rows_per_hour: 3600,
        frames_per_second: 20,
        events_mib_per_hour: 20,
      },
    },
    mcp_servers: [],
    status: {
      state,
      detail: "",
      model: "m",
      turn: null,
      until: null,
      session: null,
      context_used: null,
      context_max: null,
      tool: null,
    },
    waiting: null,
    linked: true,
    unit: { unit: `process ${name}`, state: "running", reason: "" },
    actions: ["stop", "restart"],
    since: 1000,
    inbox_depth: 0,
    last_turn_at: null,
    turns_today: 0,
    cost_today_usd: 0,
    limited_today: {},
    ...fields,
  };
}

export function event(id, kind, data = {}, fields = {}) {
  return { id, agent: "alice", ts: 1000 + id, kind, turn: "t1", data, ...fields };
}

/** A snapshot; `messages` may ascend, as they are easier to write, and leave newest first. */
export function snapshot({ messages = [], inbox = [], ...fields } = {}) {
  return {
    seq: 100,
    boot: "boot-1",
    version: "0.1.0",
    operator: { pronouns: "they/them" },
    agents: [],
    messages: [...messages].sort((left, right) => right.id - left.id),
    messages_before: null,
    inbox,
    inbox_after: null,
    unread: inbox.length,
    parked: [],
    parked_before: null,
    questions: [],
    ...fields,
  };
}

export const ids = (rows) => rows.map((row) => row.id);

export const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
