// The message flow: every message of the hive as it happens, filtered, and back as far as one likes.
import { html, memo, useEffect, useMemo, useRef, useState } from "../ui.js";
import { MESSAGE_STATES } from "../labels.js";
import { now } from "../net/clock.js";
import { isFiltered, NO_FILTER, shown, withDays } from "../state/flow.js";
import { correspondents } from "../state/messages.js";
import { Composer } from "./composer.js";
import { useActions } from "./context.js";
import { Message } from "./message.js";
import { Edge, VirtualList } from "./virtual_list.js";

const TYPING_MS = 250;

function Choice({ label, any, values, value, onChange }) {
  return html`
    <select aria-label=${label} data-set=${value !== ""} value=${value}
      onChange=${(event) => onChange(event.currentTarget.value)}>
      <option value="">${any}</option>
      ${values.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
    </select>
  `;
}

function Filter({ names, filter, onFilter }) {
  const [text, setText] = useState(filter.text);
  const timer = useRef(null);
  useEffect(() => setText(filter.text), [filter.text]);
  function type(event) {
    const { value } = event.currentTarget;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFilter({ text: value.trim() }), TYPING_MS);
  }
  return html`
    <div class="filter" role="search" aria-label="Filter messages">
      <${Choice} label="Agent" any="Everyone" values=${names} value=${filter.agent}
        onChange=${(agent) => onFilter({ agent })} />
      <${Choice} label="State" any="Any state" values=${Object.keys(MESSAGE_STATES)} value=${filter.state}
        onChange=${(state) => onFilter({ state })} />
      <input type="search" aria-label="Text" placeholder="Search text" value=${text} onInput=${type} />
    </div>
  `;
}

function Day({ at }) {
  const text = new Date(at * 1000).toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
  });
  return html`<p class="day"><span>${text}</span></p>`;
}

const LINE = 21;

// A guess is only for rows that were never seen: what is in view is measured.
function guess({ message }) {
  if (!message) return 34;
  return 36 + LINE * Math.min(9, Math.ceil(message.body.length / 70));
}

const rowView = (onReply) => ({ message, day }) => {
  if (!message) return html`<${Day} at=${day} />`;
  const answerable = message.sender !== "operator" && message.sender !== "system";
  return html`<${Message} message=${message} onReply=${answerable ? onReply : null} />`;
};

function Empty({ ready, flow, onClear }) {
  if (!ready || flow.status === "before") return html`<p class="empty">${ready ? "Searching…" : "Loading…"}</p>`;
  if (flow.error) return html`<p class="empty">${flow.error}</p>`;
  if (!isFiltered(flow.filter))
    return html`<p class="empty">No message has been sent yet. Write the first one below.</p>`;
  return html`
    <p class="empty">
      No message matches. <button type="button" class="quiet" onClick=${onClear}>Clear the filter</button>
    </p>
  `;
}

function Replying({ message, onStop }) {
  return html`
    <p class="replying">
      <span>
        ↳ to <bdi>${message.sender}</bdi>
        <span class="aside"> #${message.id} ${message.body.slice(0, 120)}</span>
      </span>
      <button type="button" class="quiet" onClick=${onStop} aria-label="Not a reply">×</button>
    </p>
  `;
}

function recipientsOf(agents) {
  const manager = agents.some((agent) => agent.role === "manager" && agent.name !== "manager");
  return [
    ...agents.map(({ name, status, role }) => ({
      name,
      state: status.state,
      note: role === "manager" ? "manager" : "",
    })),
    ...(manager ? [{ name: "manager", note: "whoever manages" }] : []),
    { name: "*", note: "everyone" },
  ];
}

export const Flow = memo(function Flow({ flow, messages, agents, ready }) {
  const actions = useActions();
  const [replying, setReplying] = useState(null);
  const replied = useRef(false);
  const rows = useMemo(() => withDays(shown(messages, flow), now()), [messages, flow]);
  const render = useMemo(() => rowView(setReplying), []);
  const names = useMemo(() => {
    const all = new Set([...agents.map((agent) => agent.name), ...correspondents(messages)]);
    return [...all].sort();
  }, [messages, agents]);
  const change = (part) => actions.filterMessages({ ...flow.filter, ...part });
  const older = () => actions.fetchPage("flow", "before", flow.before);
  const stop = () => setReplying(null);
  useEffect(() => {
    replied.current ||= replying !== null;
  }, [replying]);
  const edge = html`<${Edge} loading=${flow.status === "before"} error=${flow.error}
    more=${flow.before !== null} label="Older messages" onOlder=${older} />`;
  const empty = html`<${Empty} ready=${ready} flow=${flow}
    onClear=${() => actions.filterMessages(NO_FILTER)} />`;
  return html`
    <section class="flow" aria-labelledby="flow-title">
      <div class="flow-head">
        <h2 id="flow-title" tabindex="-1">Messages</h2>
        <${Filter} names=${names} filter=${flow.filter} onFilter=${change} />
      </div>
      <${VirtualList} label="Message flow" rows=${rows} render=${render} guess=${guess} view=${flow.filter}
        before=${rows.length > 0 && edge} empty=${empty}
        onTop=${flow.error ? null : older} onEnd=${actions.trimMessages} />
      <${Composer} key=${replying?.id ?? "new"} draft=${replying ? `reply-${replying.id}` : "new"}
        to=${replying?.sender} inReplyTo=${replying?.id ?? null} focus=${replying !== null || replied.current}
        recipients=${recipientsOf(agents)} onSent=${stop}>
        ${replying && html`<${Replying} message=${replying} onStop=${stop} />`}
      </${Composer}>
    </section>
  `;
});
