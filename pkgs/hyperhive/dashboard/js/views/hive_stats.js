// The stats of the whole hive.
import { html } from "../ui.js";
import { HIVE_CHARTS } from "../charts.js";
import { Stats } from "./stats.js";

export function View({ agents }) {
  const pulse = agents.map((agent) => `${agent.last_turn_at} ${agent.turns_today} ${agent.inbox_depth}`).join();
  return html`<${Stats} agent="" pulse=${pulse} charts=${HIVE_CHARTS} />`;
}
