// The stats on an agent's page.
import { html } from "../ui.js";
import { AGENT_CHARTS } from "../charts.js";
import { Stats } from "./stats.js";

export function View({ agent, name }) {
  const pulse = `${agent.last_turn_at} ${agent.turns_today} ${agent.inbox_depth}`;
  return html`<${Stats} agent=${name} pulse=${pulse} charts=${AGENT_CHARTS} />`;
}
