// Groups an agent's events into the rows that its log shows: a result and a refusal stand with their call, and
// every row of a turn knows how the turn ended.

/** A refusal and its call are told one shortly after the other; so many rows back is looked for the other. */
const NEARBY = 12;

const known = new WeakMap();

// The same object as long as nothing of the row changed, so that it is not drawn again.
function settled(row) {
  const before = known.get(row.event);
  const same = before && Object.keys(row).every((key) => before[key] === row[key]);
  if (!same) known.set(row.event, row);
  return same ? before : row;
}

function callKey({ turn, data }) {
  return `${turn} ${data.id}`;
}

function isOneCall(use, refused) {
  return (
    use.turn === refused.turn &&
    use.data.name === refused.data.tool &&
    JSON.stringify(use.data.input) === JSON.stringify(refused.data.input)
  );
}

// The row among the last ones that `matches`, which is looked at in the order in which they came.
function nearby(rows, matches) {
  return rows.slice(-NEARBY).find(matches);
}

function refusedBefore(rows, use) {
  return nearby(rows, ({ event }) => event.kind === "refused" && isOneCall(use, event));
}

function calledBefore(rows, refused) {
  const waits = ({ event, refusal, result }) => event.kind === "tool_use" && !refusal && !result;
  return nearby(rows, (row) => waits(row) && isOneCall(row.event, refused));
}

/**
 * Rows {key, event, result, refusal, end, running}: `result` and `refusal` are the events that belong to a
 * tool call, `end` is the event that ended the row's turn, each null where there is none; `running` says that
 * the row belongs to the turn `current`. With `brief` a turn is one row, with its end.
 */
export function logRows(events, { current = null, brief = false } = {}) {
  const ends = new Map();
  const starts = new Set();
  for (const { kind, turn } of events) if (kind === "turn_start") starts.add(turn);
  for (const event of events) if (event.kind === "turn_end") ends.set(event.turn, event);
  const rows = [];
  const calls = new Map();

  function joins(event) {
    if (event.kind === "turn_end") return brief && starts.has(event.turn);
    if (event.kind === "tool_result") {
      const call = calls.get(callKey(event));
      if (call) call.result = event;
      return Boolean(call);
    }
    if (event.kind !== "refused") return false;
    const call = calledBefore(rows, event);
    if (call) call.refusal = event;
    return Boolean(call);
  }

  for (const event of events) {
    if (joins(event)) continue;
    const end = event.turn === null ? null : (ends.get(event.turn) ?? null);
    const running = event.turn !== null && event.turn === current && !end;
    const row = { key: event.id, event, result: null, refusal: null, end, running };
    if (event.kind === "tool_use") {
      calls.set(callKey(event), row);
      const early = refusedBefore(rows, event);
      if (early) {
        row.refusal = early.event;
        rows.splice(rows.indexOf(early), 1);
      }
    }
    rows.push(row);
  }
  return rows.map(settled);
}
