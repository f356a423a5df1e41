// Decides what the operator is notified of: what waits now and was not known to wait. Pure.
import { isUnread } from "./inbox.js";
import { openForOperator } from "./questions.js";

/** More new items than this at once become one notification that counts them. */
const MOST_AT_ONCE = 3;
const BODY_LIMIT = 240;

/** States on the way to another one: what was wrong before may still be wrong after them. */
const UNDECIDED = new Set(["offline", "starting", "stopping"]);

// Items with growing numbers: whatever is above the highest one that was known is new.
function numbered(kind, labels, { waiting, all, describe }) {
  const newest = (state) => all(state).at(-1)?.id ?? 0;
  return {
    kind,
    labels,
    place: kind,
    items: (state) => waiting(state).map((row) => ({ id: row.id, ...describe(row) })),
    isMemory: Number.isSafeInteger,
    isNew: (item, known) => item.id > known,
    // A broker that was started anew may have another database, whose numbers begin again.
    recall: (state, known, restarted) => (restarted ? Math.min(known, newest(state)) : known),
    remember: (state, items, known) =>
      items.reduce((top, item) => Math.max(top, item.id), known ?? newest(state)),
  };
}

// Who works for a model that is silent is as one that failed.
const noticed = ({ status }) => (status.silent ? "failed" : status.state);

// What may come again under the same id: new until it was seen gone. What was known stays while it is `unsure`.
function recurring(kind, labels, { place = kind, waiting, unsure = () => [], describe }) {
  return {
    kind,
    labels,
    place,
    items: (state) => waiting(state).map((row) => ({ id: row.id ?? row.name, ...describe(row) })),
    isMemory: Array.isArray,
    isNew: (item, known) => !known.includes(item.id),
    recall: (_, known) => known,
    remember: (state, items, known) => [
      ...items.map((item) => item.id),
      ...unsure(state).filter((id) => known?.includes(id)),
    ],
  };
}

// Agents in a state that only the operator ends.
function standing(kind, labels, { state: wanted, describe }) {
  return recurring(kind, labels, {
    place: "agent",
    waiting: ({ agents }) => agents.filter((agent) => noticed(agent) === wanted),
    unsure: ({ agents }) => agents.filter(({ status }) => UNDECIDED.has(status.state)).map(({ name }) => name),
    describe,
  });
}

/** One kind of event after the other. `labels` count them, `place` is the first part of an item's address. */
export const KINDS = [
  numbered("question", ["question", "questions"], {
    waiting: (state) => openForOperator(state.questions),
    all: (state) => state.questions,
    describe: ({ asker, question }) => ({ title: `${asker} asks`, body: question }),
  }),
  numbered("message", ["message", "messages"], {
    waiting: (state) => state.messages.filter(isUnread),
    all: (state) => state.messages,
    describe: ({ sender, body }) => ({ title: `Message from ${sender}`, body }),
  }),
  recurring("parked", ["parked message", "parked messages"], {
    waiting: (state) => state.parked.rows,
    describe: ({ sender, recipient, error }) => ({
      title: `Mail to ${recipient} is parked`,
      body: `From ${sender}: ${error ?? ""}`,
    }),
  }),
  standing("agent_failed", ["agent failed", "agents failed"], {
    state: "failed",
    describe: ({ name, status }) => ({
      title: `${name} ${status.silent ? "gets no answer" : "failed"}`,
      body: status.detail,
    }),
  }),
  standing("agent_needs_login", ["agent needs login", "agents need login"], {
    state: "needs_login",
    describe: ({ name, status }) => ({ title: `${name} needs login`, body: status.detail }),
  }),
];

const tagOf = (kind, id) => `${kind}:${id}`;

/** What was kept of a memory, or null when it is no memory. */
export function asMemory(value) {
  if (typeof value?.boot !== "string") return null;
  const fits = KINDS.every(({ kind, isMemory }) => value[kind] === undefined || isMemory(value[kind]));
  return fits ? value : null;
}

/**
 * {memory, fresh, waiting}: what is to be remembered, the items that nobody was told of yet, and the tags of
 * everything that waits. Without a memory nothing is fresh: the page itself shows what is old.
 */
export function notice(state, memory) {
  const restarted = memory !== null && memory.boot !== state.boot;
  const next = { boot: state.boot };
  const fresh = [];
  const waiting = new Set();
  for (const { kind, place, items, isNew, recall, remember } of KINDS) {
    const known = memory?.[kind] === undefined ? null : recall(state, memory[kind], restarted);
    const found = items(state);
    next[kind] = remember(state, found, known);
    for (const item of found) {
      waiting.add(tagOf(kind, item.id));
      if (known !== null && isNew(item, known)) fresh.push({ ...item, kind, place, tag: tagOf(kind, item.id) });
    }
    if (Array.isArray(next[kind])) for (const name of next[kind]) waiting.add(tagOf(kind, name));
  }
  return { memory: next, fresh, waiting };
}

function cut(text) {
  return text.length > BODY_LIMIT ? `${text.slice(0, BODY_LIMIT)}…` : text;
}

/** The fresh items as notifications: {tag, title, body, place, id, about}, `about` the tags that it stands for. */
export function toShow(fresh) {
  if (fresh.length <= MOST_AT_ONCE) {
    return fresh.map(({ body, tag, ...rest }) => ({ ...rest, tag, body: cut(body), about: [tag] }));
  }
  const counts = KINDS.map(({ kind, labels: [one, many] }) => {
    const count = fresh.filter((item) => item.kind === kind).length;
    return count && `${count} ${count === 1 ? one : many}`;
  });
  const body = counts.filter(Boolean).join(", ");
  const about = fresh.map((item) => item.tag);
  return [{ tag: "many", title: `${fresh.length} things need you`, body, place: null, id: null, about }];
}

export function sameMemory(left, right) {
  return JSON.stringify(left) === JSON.stringify(right);
}
