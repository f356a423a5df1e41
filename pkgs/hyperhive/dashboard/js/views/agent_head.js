// The head of an agent's page: its true state, what can be done to it, its model, and the facts of the day.
import { html, useEffect, useId, useRef, useState } from "../ui.js";
import { itemAddress } from "../address.js";
import { shortModel, today } from "../format.js";
import { LIFECYCLE } from "../labels.js";
import { doing, lifecycle, modelChoices, nextModel } from "../state/agents.js";
import { ContextMeter, Detail, Hex, StateLabel } from "./agents.js";
import { useActions, useTask } from "./context.js";
import { choiceId, Choices, ConfirmButton, Problem, stepped } from "./controls.js";
import { Ago } from "./times.js";

// One call per verb, so that a start that hangs can be given up with a stop.
function useTasks() {
  return { start: useTask(), stop: useTask(), restart: useTask() };
}

function Lifecycle({ agent }) {
  const actions = useActions();
  const tasks = useTasks();
  const [last, setLast] = useState(null);
  const error = last && tasks[last].error;

  function act(verb) {
    setLast(verb);
    tasks[verb].run(() => actions.lifecycle(agent.name, verb));
  }

  // The slot is the key: a button that turns from Start to Stop keeps the keyboard's focus.
  return html`
    <span class="lifecycle" role="group" aria-label="Run ${agent.name}">
      ${lifecycle(agent).map(({ slot, verb, enabled }) => {
        const { label, busy, confirm } = LIFECYCLE[verb];
        return html`
          <${ConfirmButton} key=${slot} label=${tasks[verb].busy ? busy : label} loud=${verb === "start"}
            confirm=${confirm?.(agent)} busy=${tasks[verb].busy || !enabled} onConfirm=${() => act(verb)} />
        `;
      })}
    </span>
    ${error && html`<${Problem} text=${error} />`}
  `;
}

const option = ({ name, note }) => ({
  key: name,
  content: html`<bdi>${name}</bdi><span class="aside">${note}</span>`,
});

// Without a connection nothing runs, and there is no model but the next one.
function models(agent) {
  const { status, linked } = agent;
  const following = nextModel(agent);
  if (!linked || following === status.model) return { now: following, next: null };
  return { now: status.model, next: following };
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** Props: `agent`, its view. */
function Model({ agent }) {
  const { chooseModel } = useActions();
  const { busy, error, run } = useTask();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const button = useRef(null);
  const id = useId();
  const choices = modelChoices(agent);
  const { now, next } = models(agent);

  useEffect(() => {
    if (!open) return undefined;
    const outside = (event) => !button.current.parentElement.contains(event.target) && setOpen(false);
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  function show(place) {
    setAt(place);
    setOpen(true);
  }

  function toggle() {
    if (open) setOpen(false);
    else show(Math.max(0, choices.findIndex(({ name }) => name === nextModel(agent))));
  }

  function take(place) {
    setOpen(false);
    run(() => chooseModel(agent.name, choices[place].name));
  }

  function keyDown(event) {
    const by = STEPS[event.key];
    if (by) {
      event.preventDefault();
      if (open) setAt(stepped(at, by, choices.length));
      else toggle();
    } else if (open && event.key === "Escape") {
      event.preventDefault();
      setOpen(false);
    } else if (open && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      take(at);
    } else if (event.key === "Tab") setOpen(false);
  }

  return html`
    <span class="model-choice">
      <button type="button" class="quiet" ref=${button} role="combobox" aria-haspopup="listbox"
        aria-label="Model: ${now}${next ? `, ${next} from the next turn on` : ""}"
        aria-expanded=${open} aria-controls=${id} aria-activedescendant=${open ? choiceId(id, at) : null}
        aria-disabled=${busy} title=${next ? `${now}; ${next} from the next turn on` : now}
        onClick=${() => !busy && toggle()} onKeyDown=${keyDown}>
        <bdi>${shortModel(now)}</bdi>${next && html` → <bdi>${shortModel(next)}</bdi>`}
        <span class="mark" aria-hidden="true">▾</span>
      </button>
      <${Choices} id=${id} label="Models" choices=${choices.map(option)} at=${at} shown=${open} onTake=${take} />
      ${error && html`<${Problem} text=${error} />`}
    </span>
  `;
}

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
      ${agent && html`<${StateLabel} agent=${agent} />`}
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
