// The page: header, top line, the hive's sections, and the page of the agent in the address.
import { html, useEffect, useState } from "../ui.js";
import { parseAddress } from "../address.js";
import { agentNamed } from "../state/agents.js";
import { isReady } from "../state/hive.js";
import { openForOperator } from "../state/questions.js";
import { Actions, Store } from "./context.js";
import { AgentPage } from "./agent_page.js";
import { Agents } from "./agents.js";
import { Flow } from "./flow.js";
import { Header } from "./header.js";
import { Inbox } from "./inbox.js";
import { Needs } from "./needs.js";
import { Notices } from "./notices.js";
import { Questions } from "./questions.js";

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

// The count in the tab's title: what waits for an answer or a look.
function useTitle(state) {
  const waiting = openForOperator(state.questions).length + state.inbox.rows.length;
  useEffect(() => {
    document.title = waiting ? `(${waiting}) hyperhive` : "hyperhive";
  }, [waiting]);
}

export function App({ store, actions, onHurry }) {
  const state = useStore(store);
  const { agent: open, tab } = useAddress();
  const ready = isReady(state);
  useTitle(state);

  function close() {
    location.hash = "#/";
    document.getElementById(`agent-${open}`)?.focus();
  }

  return html`
    <${Store.Provider} value=${store}><${Actions.Provider} value=${actions}>
      <${Header} link=${state.link} version=${state.version} onHurry=${onHurry} />
      <${Needs} state=${state} />
      <main class="hive" data-panel=${open !== null}>
        <${Agents} agents=${state.agents} ready=${ready} current=${open} />
        <div class="desk">
          <${Questions} questions=${state.questions} ready=${ready} />
          <${Inbox} inbox=${state.inbox} ready=${ready} />
        </div>
        <${Flow} messages=${state.messages} agents=${state.agents} ready=${ready} />
        ${
          open !== null &&
          html`<${AgentPage} name=${open} tab=${tab} agent=${agentNamed(state.agents, open)} ready=${ready}
            onClose=${close} />`
        }
      </main>
      <${Notices} notices=${state.notices} />
    </${Actions.Provider}></${Store.Provider}>
  `;
}
