// An agent's inbox: the messages that wait for it, and what became of those that it got lately.
import { html, useEffect } from "../ui.js";
import { MOST, recent, waiting } from "../state/mail.js";
import { AgentComposer } from "./agent_composer.js";
import { useActions, useSlice } from "./context.js";
import { Edge } from "./edge.js";
import { Message } from "./message.js";

function Mail({ messages }) {
  return html`<ul>${messages.map((message) => html`<li key=${message.id}><${Message} message=${message} /></li>`)}</ul>`;
}

function Waiting({ mail, depth }) {
  const messages = waiting(mail);
  return html`
    <section aria-labelledby="waiting-title">
      <h3 id="waiting-title">Waiting ${messages.length > 0 && html`<span class="count">${messages.length}</span>`}</h3>
      ${!messages.length && html`<p class="empty">Nothing waits for it.</p>`}
      ${mail.partial && html`<p class="aside">The newest of ${depth} in the queue.</p>`}
      <${Mail} messages=${messages} />
    </section>
  `;
}

function Recent({ mail, onOlder }) {
  const messages = recent(mail);
  const full = mail.rows.length >= MOST;
  return html`
    <section aria-labelledby="recent-title">
      <h3 id="recent-title">Recent mail</h3>
      ${!messages.length && html`<p class="empty">It has got no mail yet.</p>`}
      <${Mail} messages=${messages} />
      ${full && html`<p class="edge">Older mail is in the message flow.</p>`}
      ${
        !full &&
        messages.length > 0 &&
        html`<${Edge} loading=${mail.status === "paging"} error=${mail.error} more=${mail.floor > 0}
          label="Older mail" onOlder=${onOlder} />`
      }
    </section>
  `;
}

function Contents({ mail, agent, onOlder }) {
  if (mail.status === "failed") return html`<p class="empty problem" role="alert">${mail.error}</p>`;
  if (!Number.isFinite(mail.floor)) return html`<p class="empty" role="status">Loading…</p>`;
  return html`
    <${Waiting} mail=${mail} depth=${agent.inbox_depth} />
    <${Recent} mail=${mail} onOlder=${onOlder} />
  `;
}

export function View({ name, agent }) {
  const mail = useSlice((state) => state.mail);
  const live = useSlice((state) => state.link.state === "live");
  const { openMail, closeMail, olderMail } = useActions();
  const stale = mail.status === "stale" || mail.agent !== name;
  useEffect(() => {
    if (stale) openMail(name);
  }, [stale, name]);
  useEffect(() => closeMail, []);
  return html`
    <link rel="stylesheet" href="/static/css/mail.css" />
    <div class="mail" tabindex="0" role="region" aria-label="Mail of ${name}">
      ${!live && html`<p class="mail-old" role="status">Not connected: as of the last update.</p>`}
      <${Contents} mail=${mail} agent=${agent} onOlder=${olderMail} />
    </div>
    <${AgentComposer} agent=${agent} />
  `;
}
