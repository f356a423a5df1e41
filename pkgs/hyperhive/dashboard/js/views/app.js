// The page: header, top line, the hive's sections, and beside them what the address names.
import { html, useEffect, useMemo, useState } from "../ui.js";
import { HIVE_ADDRESS, parseAddress } from "../address.js";
import { agentNamed } from "../state/agents.js";
import { isReady } from "../state/hive.js";
import { inboxRows, soughtMessage } from "../state/inbox.js";
import { steady } from "../state/paged.js";
import { openForOperator } from "../state/questions.js";
import { Agents } from "./agents.js";
import { Actions, Store } from "./context.js";
import { Flow } from "./flow.js";
import { Header, SkipLinks } from "./header.js";
import { Inbox } from "./inbox.js";
import { useItemInAddress } from "./item.js";
import { Lazy } from "./lazy.js";
import { Needs } from "./needs.js";
import { Notices } from "./notices.js";
import { ParkedMail } from "./parked.js";
import { Questions } from "./questions.js";
import { useShortcuts } from "./shortcuts.js";
import { Side, sideNamed } from "./side.js";

const loadAgent = () => import("./agent_page.js").then((m) => m.AgentPage);
const loadKeys = () => import("./keys.js").then((m) => m.View);

function useAddress() {
  const [address, setAddress] = useState(() => parseAddress(location.hash));
  useEffect(() => {
    const change = () => setAddress(parseAddress(location.hash));
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return address;
}

function useStore(store) {
  const [state, setState] = useState(store.state);
  useEffect(() => store.subscribe(setState), [store]);
  return state;
}

const counts = new BroadcastChannel("hyperhive: what waits");

function showCount(waiting) {
  document.title = waiting ? `(${waiting}) hyperhive` : "hyperhive";
}

// The count in the tab's title: what waits for an answer or a look. A tab that is not connected hears it from another.
function useTitle({ link, questions, inbox, parked }) {
  const waiting = openForOperator(questions).length + inbox.unread + parked.rows.length;
  const isLive = link.state === "live";
  useEffect(() => {
    showCount(waiting);
    if (isLive) counts.postMessage(waiting);
    counts.onmessage = isLive ? null : ({ data }) => showCount(data);
  }, [waiting, isLive]);
}

/** What stands beside the hive: an agent's page, a side page, or nothing. */
function Beside({ address, agents, ready, onClose }) {
  const { page, agent, tab } = address;
  const side = sideNamed(page);
  if (side) {
    const { id, label, load } = side;
    return html`
      <${Side} key=${id} title=${label} onClose=${onClose}>
        <${Lazy} id=${id} load=${load} agents=${agents} />
      </${Side}>
    `;
  }
  if (page !== "agent") return null;
  const frame = (content) => html`<${Side} title=${agent} onClose=${onClose}>${content}</${Side}>`;
  return html`<${Lazy} id="agent-page" load=${loadAgent} frame=${frame} name=${agent} tab=${tab}
    agent=${agentNamed(agents, agent)} ready=${ready} onClose=${onClose} />`;
}

export function App({ store, actions, onHurry }) {
  const state = useStore(store);
  const address = useAddress();
  const [keysOpen, setKeysOpen] = useState(false);
  const beside = address.page === "agent" || Boolean(sideNamed(address.page));
  const ready = isReady(state);
  const unread = useMemo(() => steady(inboxRows), [])(state);
  useTitle(state);
  useShortcuts(() => setKeysOpen(true));
  useItemInAddress(ready, actions);

  function close() {
    location.hash = HIVE_ADDRESS;
    document.getElementById(address.agent === null ? `side-${address.page}` : `agent-${address.agent}`)?.focus();
  }

  return html`
    <${Store.Provider} value=${store}><${Actions.Provider} value=${actions}>
      <${SkipLinks} />
      <${Header} link=${state.link} version=${state.version} onHurry=${onHurry} onKeys=${() => setKeysOpen(true)} />
      <${Needs} state=${state} />
      <main class="hive" data-ready=${ready} data-panel=${beside}>
        <${Agents} agents=${state.agents} ready=${ready} current=${address.agent} />
        <div class="desk">
          <${Questions} questions=${state.questions} ready=${ready} />
          <${ParkedMail} parked=${state.parked} />
          <${Inbox} inbox=${state.inbox} rows=${unread} sought=${soughtMessage(state)} ready=${ready} />
        </div>
        <${Flow} flow=${state.flow} messages=${state.messages} agents=${state.agents} ready=${ready} />
        <${Beside} address=${address} agents=${state.agents} ready=${ready} onClose=${close} />
      </main>
      <${Notices} notices=${state.notices} />
      ${
        keysOpen &&
        html`<div class="over"><${Lazy} id="keys" load=${loadKeys} onClose=${() => setKeysOpen(false)} /></div>`
      }
    </${Actions.Provider}></${Store.Provider}>
  `;
}
