// Owns the agents' views by name, the fixed order in which they are shown, and what can be chosen as a model.

/** Agent views; the manager first, the others by name, so that no change of state moves a row. */
export const noAgents = [];

/** States in which an agent goes on only when the operator does something, or when a time has come. */
export const STUCK = new Set(["failed", "silent", "needs_login", "rate_limited", "over_budget"]);

/** The broker's state of an agent, or `silent` for one that works for a model which does not answer. */
export const stateOf = ({ status }) => (status.silent ? "silent" : status.state);

export function agentNamed(agents, name) {
  return agents.find((agent) => agent.name === name);
}

/**
 * What an agent does, as far as anybody knows: {state, since, detail, until, tool, others, on, question}.
 * `state` is that of `stateOf`, or `waiting` for an agent that rests until somebody answers its `question`; `on`
 * is who that is. `tool` runs since `since`, `others` calls run beside it.
 */
export function doing({ status, waiting, since }) {
  const { detail, until, tool } = status;
  const state = stateOf({ status });
  const nothing = { detail, until, tool: null, others: 0, on: null, question: null };
  if (waiting) {
    const { on, question } = waiting;
    return { ...nothing, state: "waiting", since: waiting.since, on, question };
  }
  if (state !== "working" || !tool) return { ...nothing, state, since };
  return { ...nothing, state, since: tool.since, tool: tool.name, others: tool.others };
}

/**
 * The buttons that decide whether an agent runs: {slot, verb, enabled}. Start and stop take turns in one
 * slot; only while nobody knows how the agent is are both offered.
 */
export function lifecycle({ actions }) {
  const can = (verb) => actions.includes(verb);
  const power = can("start") ? "start" : "stop";
  const buttons = [{ slot: "power", verb: power, enabled: can(power) }];
  if (can("start") && can("stop")) buttons.push({ slot: "stop", verb: "stop", enabled: true });
  if (power === "stop" || can("restart")) {
    buttons.push({ slot: "restart", verb: "restart", enabled: can("restart") });
  }
  return buttons;
}

function inOrder(left, right) {
  if (left.role !== right.role) return left.role === "manager" ? -1 : 1;
  return left.name < right.name ? -1 : 1;
}

export function agentsReducer(agents, action) {
  switch (action.type) {
    case "snapshot":
      return [...action.snapshot.agents].sort(inOrder);
    case "agent":
      return [...agents.filter((agent) => agent.name !== action.data.name), action.data].sort(inOrder);
    default:
      return agents;
  }
}

/** What goes back to the configured model. */
const DEFAULT = "default";

/** What the agent uses from its next turn on. */
export function nextModel({ model }) {
  return model.chosen ?? model.configured;
}

/** The models that can be typed: {name, note}; the way back to the configuration comes last. */
export function modelChoices(agent) {
  const { models, model, status } = agent;
  const following = nextModel(agent);
  const listed = models.map((name) => {
    const marks = [
      name === status.model && "now",
      name === following && name !== status.model && "from the next turn on",
      name === model.configured && "configured",
    ];
    return { name, note: marks.filter(Boolean).join(", ") };
  });
  if (models.includes(DEFAULT)) return listed;
  return [...listed, { name: DEFAULT, note: `${model.configured}, as configured` }];
}
