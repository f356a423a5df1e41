// Which model an agent uses now and from its next turn on, and the list to choose another one from.
import { html, useEffect, useId, useRef, useState } from "../ui.js";
import { shortModel } from "../format.js";
import { modelChoices, nextModel } from "../state/models.js";
import { Problem } from "./buttons.js";
import { Choices, choiceId, stepped } from "./choices.js";
import { useActions, useTask } from "./context.js";

const option = ({ name, note }) => ({
  key: name,
  content: html`<bdi>${name}</bdi><span class="aside">${note}</span>`,
});

// Without a connection nothing runs, and there is no model but the next one.
function words(agent) {
  const { status, linked } = agent;
  const following = nextModel(agent);
  if (!linked || following === status.model) return { now: following, next: null };
  return { now: status.model, next: following };
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** Props: `agent`, its view. */
export function Model({ agent }) {
  const { chooseModel } = useActions();
  const { busy, error, run } = useTask();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const button = useRef(null);
  const id = useId();
  const choices = modelChoices(agent);
  const { now, next } = words(agent);

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
