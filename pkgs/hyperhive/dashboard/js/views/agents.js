// The agents of the hive, one row each, which opens the agent's page; and the signs of an agent's state.
import { html, memo } from "../ui.js";
import { contextPercent, shortModel, today, tokens } from "../format.js";
import { agentDetail, stateLabel } from "../labels.js";
import { doing } from "../state/agents.js";
import { useNow } from "./context.js";
import { Ago, Stopwatch } from "./times.js";

export function Hex({ state }) {
  return html`
    <svg class="hex" data-state=${state} viewBox="0 0 16 16" aria-hidden="true">
      <path d="M8 1 14 4.5v7L8 15 2 11.5v-7z" />
    </svg>
  `;
}

const HIGH_PERCENT = 80;

export function ContextMeter({ status }) {
  const percent = contextPercent(status);
  if (percent === null) return html`<span class="meter none">no context</span>`;
  const exact = `context ${tokens(status.context_used)} of ${tokens(status.context_max)} tokens`;
  return html`
    <span class="meter" data-high=${percent >= HIGH_PERCENT} title=${exact}>
      <span class="track" role="meter" aria-label="Context used"
            aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent}>
        <span class="fill" style=${{ width: `${percent}%` }}></span>
      </span>
      <span class="number">${percent} %</span>
    </span>
  `;
}

/** `working 0:42`, in words and colour. */
export function StateLabel({ agent }) {
  const now = doing(agent);
  return html`
    <span class="state" data-state=${now.state}>
      ${stateLabel(now)}${now.state === "working" && html` <${Stopwatch} since=${agent.since} />`}
    </span>
  `;
}

export function Detail({ agent }) {
  const now = doing(agent);
  const text = agentDetail(now, useNow());
  const said = now.detail !== "" || now.question !== null;
  return html`<span class="detail" data-said=${said} title=${text}><bdi>${text}</bdi></span>`;
}

const Agent = memo(function Agent({ agent, current }) {
  const { name, role, status, inbox_depth: depth } = agent;
  return html`
    <a class="agent" data-row id="agent-${name}" href="#/agent/${name}" aria-current=${current ? "true" : null}>
      <${Hex} state=${doing(agent).state} />
      <span class="name">
        ${name}${role === "manager" && html` <span class="role">manager</span>`}
        ${depth > 0 && html` <span class="depth" title="messages in its queue">${depth} queued</span>`}
      </span>
      <${StateLabel} agent=${agent} />
      <${Detail} agent=${agent} />
      <span class="last" title="time since the last turn">
        ${agent.last_turn_at === null ? "no turn yet" : html`<${Ago} at=${agent.last_turn_at} />`}
      </span>
      <span class="facts">
        <span class="model" title=${status.model}>${shortModel(status.model)}</span>
        <${ContextMeter} status=${status} />
      </span>
      <span class="cost" title="today">${today(agent)}</span>
    </a>
  `;
});

export const Agents = memo(function Agents({ agents, ready, current }) {
  return html`
    <section class="agents" aria-labelledby="agents-title">
      <div class="head">
        <h2 id="agents-title" tabindex="-1">
          Agents ${ready && html`<span class="count">${agents.length}</span>`}
        </h2>
      </div>
      ${!ready && html`<p class="empty">Loading…</p>`}
      ${ready && !agents.length && html`<p class="empty">The hive's configuration names no agents.</p>`}
      <ul>
        ${agents.map(
          (agent) => html`
          <li key=${agent.name}><${Agent} agent=${agent} current=${agent.name === current} /></li>`,
        )}
      </ul>
    </section>
  `;
});
