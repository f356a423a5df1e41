// Starts, stops and restarts an agent from its panel.
import { html, useState } from "../ui.js";
import { lifecycle } from "../state/agents.js";
import { LIFECYCLE } from "../words.js";
import { ConfirmButton, Problem } from "./buttons.js";
import { useActions, useTask } from "./context.js";

// One call per verb, so that a start that hangs can be given up with a stop.
function useTasks() {
  return { start: useTask(), stop: useTask(), restart: useTask() };
}

export function Lifecycle({ agent }) {
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
