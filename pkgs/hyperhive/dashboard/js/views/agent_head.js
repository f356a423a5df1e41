// The head of an agent's page: its true state, what can be done to it, and the facts of the day.
import { html } from "../ui.js";
import { itemAddress } from "../address.js";
import { today } from "../format.js";
import { doing } from "../state/agents.js";
import { Detail, StateWord } from "./agents.js";
import { Problem } from "./buttons.js";
import { useActions, useTask } from "./context.js";
import { Hex } from "./hex.js";
import { Lifecycle } from "./lifecycle.js";
import { ContextMeter } from "./meter.js";
import { Model } from "./model.js";
import { Ago } from "./times.js";

/** The question whose answer the agent waits for, and the way to it. */
function Awaited({ waiting }) {
  const { on, question } = waiting;
  return html`
    <span class="detail">
      <a href=${itemAddress("question", question)}>
        ${on === "operator" ? `Answer question ${question}` : html`question ${question} to <bdi>${on}</bdi>`}
      </a>
    </span>
  `;
}

function CancelTurn({ agent }) {
  const { cancelTurn } = useActions();
  const { busy, error, run } = useTask();
  const working = agent.status.state === "working";
  return html`
    ${error && html`<${Problem} text=${error} />`}
    ${
      working &&
      html`<button type="button" class="danger" aria-disabled=${busy}
        onClick=${() => run(() => cancelTurn(agent.name))}>
      ${busy ? "Cancelling…" : "Cancel turn"}</button>`
    }
  `;
}

function Facts({ agent }) {
  const { status, inbox_depth: depth, last_turn_at: last } = agent;
  return html`
    <div class="facts">
      <${Model} key=${agent.name} agent=${agent} />
      <${ContextMeter} status=${status} />
      <span>${depth} queued</span>
      <span>${last === null ? "no turn yet" : html`last turn <${Ago} at=${last} />`}</span>
      <span title="today">${today(agent)}</span>
      <span title="what runs it">${agent.unit.unit}</span>
    </div>
  `;
}

/** Props: `name` from the address, `agent` its view or undefined, `title` a ref; children are its buttons. */
export function AgentHead({ name, agent, title, children }) {
  return html`
    <div class="panel-head">
      ${agent && html`<${Hex} state=${doing(agent).state} />`}
      <h2 id="panel-title" tabindex="-1" ref=${title}><bdi>${name}</bdi></h2>
      ${agent?.role === "manager" && html`<span class="role">manager</span>`}
      ${agent && html`<${StateWord} agent=${agent} />`}
      <span class="spacer"></span>
      ${children}
    </div>
    ${
      agent &&
      html`
      <div class="doing">
        ${agent.waiting ? html`<${Awaited} waiting=${agent.waiting} />` : html`<${Detail} agent=${agent} />`}
        <${CancelTurn} key=${`cancel ${name}`} agent=${agent} />
        <${Lifecycle} key=${`run ${name}`} agent=${agent} />
      </div>
      <${Facts} agent=${agent} />`
    }
  `;
}
