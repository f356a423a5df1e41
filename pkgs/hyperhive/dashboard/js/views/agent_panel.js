// One agent's panel beside the hive: its state, its policy, its live log and a line to it.
import { html, useEffect, useRef, useState } from "../ui.js";
import { shortModel, today } from "../format.js";
import { AgentLog } from "./agent_log.js";
import { Detail, StateWord } from "./agents.js";
import { Problem } from "./buttons.js";
import { Composer } from "./composer.js";
import { useActions, useTask } from "./context.js";
import { Fold } from "./fold.js";
import { Hex } from "./hex.js";
import { Lifecycle } from "./lifecycle.js";
import { ContextMeter } from "./meter.js";
import { Policy } from "./policy.js";
import { Ago } from "./times.js";

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
    <p class="facts">
      <span title=${status.model}>${shortModel(status.model)}</span>
      <${ContextMeter} status=${status} />
      <span>${depth} queued</span>
      <span>${last === null ? "no turn yet" : html`last turn <${Ago} at=${last} />`}</span>
      <span title="today">${today(agent)}</span>
      <span title="what runs it">${agent.unit.unit}</span>
    </p>
  `;
}

// Not part of the first load: most visits never open it.
function LateSelfTest({ name }) {
  const [view, setView] = useState(null);
  useEffect(() => {
    import("./selftest.js").then(({ SelfTest }) => setView({ SelfTest }), () => setView({}));
  }, []);
  if (!view) return html`<p class="aside">Loading…</p>`;
  if (!view.SelfTest) return html`<${Problem} text="This part of the page could not be loaded." />`;
  return html`<${view.SelfTest} key=${name} name=${name} />`;
}

function Known({ agent, log }) {
  return html`
    <div class="doing">
      <${Detail} status=${agent.status} />
      <${CancelTurn} key=${`cancel ${agent.name}`} agent=${agent} />
      <${Lifecycle} key=${`run ${agent.name}`} agent=${agent} />
    </div>
    <${Facts} agent=${agent} />
    <${Fold} name="policy" label="What it may do"><${Policy} agent=${agent} /></${Fold}>
    <${Fold} name="selftest" label="Self-test"><${LateSelfTest} name=${agent.name} /></${Fold}>
    <${AgentLog} key=${agent.name} name=${agent.name} log=${log} />
    <${Composer} key=${`to ${agent.name}`} draft=${`agent-${agent.name}`} to=${agent.name} />
  `;
}

/** Props: `name` from the address, `agent` its view or undefined, `ready`, `log`, `onClose`. */
export function AgentPanel({ name, agent, ready, log, onClose }) {
  const title = useRef(null);
  useEffect(() => title.current.focus({ preventScroll: true }), [name]);
  function keyDown(event) {
    if (event.key === "Escape") onClose();
  }
  return html`
    <aside class="panel" aria-labelledby="panel-title" onKeyDown=${keyDown}>
      <div class="panel-head">
        ${agent && html`<${Hex} state=${agent.status.state} />`}
        <h2 id="panel-title" tabindex="-1" ref=${title}><bdi>${name}</bdi></h2>
        ${agent?.role === "manager" && html`<span class="role">manager</span>`}
        ${agent && html`<${StateWord} agent=${agent} />`}
        <span class="spacer"></span>
        <button type="button" class="quiet close" onClick=${onClose} aria-label="Close the panel">×</button>
      </div>
      ${
        agent
          ? html`<${Known} agent=${agent} log=${log} />`
          : html`<p class="empty">${ready ? "No agent of that name is in the hive." : "Loading…"}</p>`
      }
    </aside>
  `;
}
