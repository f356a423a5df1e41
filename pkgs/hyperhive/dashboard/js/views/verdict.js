// What the Bash rules make of one command: the verdict, each simple command, and the rule for it.
import { html } from "../ui.js";

function Command({ command }) {
  const { text, allowed, pattern, reason } = command;
  return html`
    <li data-allowed=${allowed}>
      <code>${text}</code>
      <span>${allowed && pattern !== null ? html`matches <code>${pattern}</code>` : reason}</span>
    </li>
  `;
}

export function Verdict({ verdict }) {
  const { allowed, rule, reason, commands } = verdict;
  return html`
    <div class="verdict-box" data-allowed=${allowed}>
      <p>
        <strong>${allowed ? "It would run." : "It would be refused."}</strong> ${reason}
        <code class="aside"> ${rule}</code>
      </p>
      <ul>${commands.map((command, index) => html`<${Command} key=${index} command=${command} />`)}</ul>
    </div>
  `;
}
