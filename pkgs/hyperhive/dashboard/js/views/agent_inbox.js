// An agent's inbox: the messages that wait for it, and what became of those that it got lately.
import { html, useEffect, useMemo } from "../ui.js";
import { agentInboxRows, MOST, recent, waiting } from "../state/agent_inbox.js";
import { steady } from "../state/paged.js";
import { parkedFor } from "../state/parked.js";
import { AgentComposer } from "./agent_composer.js";
import { useActions, useSlice } from "./context.js";
import { Message } from "./message.js";
import { ParkedList } from "./parked.js";
import { Edge } from "./virtual_list.js";

function Messages({ messages }) {
  return html`<ul>${messages.map((message) => html`<li key=${message.id}><${Message} message=${message} /></li>`)}</ul>`;
}

function Waiting({ inbox, rows, depth }) {
  const messages = waiting(rows);
  return html`
    <section aria-labelledby="waiting-title">
      <h3 id="waiting-title">Waiting ${messages.length > 0 && html`<span class="count">${messages.length}</span>`}</h3>
      ${!messages.length && html`<p class="empty">Nothing waits for it.</p>`}
      ${inbox.partial && html`<p class="aside">The newest of ${depth} in the queue.</p>`}
      <${Messages} messages=${messages} />
    </section>
  `;
}

function Parked({ name }) {
  const rows = parkedFor(useSlice((state) => state.parked), name);
  if (!rows.length) return null;
  return html`
    <section class="parked-mail" aria-labelledby="agent-parked-title">
      <h3 id="agent-parked-title">Parked <span class="count due">${rows.length}</span></h3>
      <${ParkedList} rows=${rows} />
    </section>
  `;
}

function Recent({ inbox, rows, onOlder }) {
  const messages = recent(rows);
  const full = rows.length >= MOST;
  return html`
    <section aria-labelledby="recent-title">
      <h3 id="recent-title">Recent mail</h3>
      ${!messages.length && html`<p class="empty">It has got no mail yet.</p>`}
      <${Messages} messages=${messages} />
      ${full && html`<p class="edge">Older mail is in the message flow.</p>`}
      ${
        !full &&
        messages.length > 0 &&
        html`<${Edge} loading=${inbox.status === "before"} error=${inbox.error} more=${inbox.before !== null}
          label="Older mail" onOlder=${onOlder} />`
      }
    </section>
  `;
}

function Contents({ inbox, agent }) {
  const { fetchPage } = useActions();
  const rows = useSlice(useMemo(() => steady(agentInboxRows), []));
  if (inbox.status === "failed") return html`<p class="empty problem" role="alert">${inbox.error}</p>`;
  if (inbox.held === null) return html`<p class="empty" role="status">Loading…</p>`;
  return html`
    <${Parked} name=${agent.name} />
    <${Waiting} inbox=${inbox} rows=${rows} depth=${agent.inbox_depth} />
    <${Recent} inbox=${inbox} rows=${rows} onOlder=${() => fetchPage("agentInbox", "before", inbox.before)} />
  `;
}

export function View({ name, agent }) {
  const inbox = useSlice((state) => state.agentInbox);
  const live = useSlice((state) => state.link.state === "live");
  const { openAgentInbox, closeAgentInbox } = useActions();
  const stale = inbox.status === "stale" || inbox.agent !== name;
  useEffect(() => {
    if (stale) openAgentInbox(name);
  }, [stale, name]);
  useEffect(() => closeAgentInbox, []);
  return html`
    <link rel="stylesheet" href="/static/css/agent_inbox.css" />
    <div class="agent-inbox" tabindex="0" role="region" aria-label="Mail of ${name}">
      ${!live && html`<p class="inbox-old" role="status">Not connected: as of the last update.</p>`}
      <${Contents} inbox=${inbox} agent=${agent} />
    </div>
    <${AgentComposer} agent=${agent} />
  `;
}
