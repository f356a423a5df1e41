// What an agent may do, and a field that explains what its Bash rules make of a command.
import { html, pure, useId, useState } from "../ui.js";
import { Problem } from "./buttons.js";
import { useActions, useDraft, useTask } from "./context.js";
import { Verdict } from "./verdict.js";

function Names({ list, any, none }) {
  if (list === null) return html`<span>${any}</span>`;
  if (!list.length) return html`<span>${none}</span>`;
  return html`<ul class="names">${list.map((name) => html`<li key=${name}><code>${name}</code></li>`)}</ul>`;
}

function Explain({ agent }) {
  const { explain } = useActions();
  const [command, setCommand] = useDraft(`explain-${agent}`);
  const [verdict, setVerdict] = useState(null);
  const { busy, error, run } = useTask();
  const field = useId();
  function submit(event) {
    event.preventDefault();
    if (command.trim()) run(async () => setVerdict(await explain(agent, command)));
  }
  function type(event) {
    setCommand(event.currentTarget.value);
    setVerdict(null);
  }
  return html`
    <form class="explain" onSubmit=${submit}>
      <label for=${field}>Would this command run?</label>
      <div class="write">
        <input id=${field} class="mono" value=${command} onInput=${type} placeholder="git log | head"
          autocomplete="off" autocapitalize="off" spellcheck="false" />
        <button type="submit" aria-disabled=${busy || !command.trim()}>Explain</button>
      </div>
      <div role="status">
        ${error && html`<${Problem} text=${error} />`}
        ${verdict && html`<${Verdict} verdict=${verdict} />`}
      </div>
    </form>
  `;
}

export const View = pure(function Policy({ agent }) {
  const { policy, name, role, models } = agent;
  const servers = Object.entries(policy.mcp_servers);
  const recipients = role === "manager" ? null : policy.allowed_recipients;
  return html`
    <link rel="stylesheet" href="/static/css/policy.css" />
    <div class="part">
      <dl class="policy">
        <dt>Writes to</dt>
        <dd><${Names} list=${recipients} any="anyone" none="nobody" /></dd>
        <dt>Bash</dt>
        <dd><${Names} list=${policy.bash} any="any command" none="no command" /></dd>
        <dt>Tools</dt>
        <dd><${Names} list=${policy.tools} any="all" none="none" /></dd>
        ${servers.map(
          ([server, tools]) => html`
          <dt key=${`${server} name`}>MCP <code>${server}</code></dt>
          <dd key=${`${server} tools`}>
            <${Names} list=${tools.includes("*") ? null : tools} any="all of its tools" none="none of them" />
          </dd>`,
        )}
        <dt>Models</dt>
        <dd><${Names} list=${models} none="none" /></dd>
      </dl>
      <${Explain} key=${name} agent=${name} />
    </div>
  `;
});
