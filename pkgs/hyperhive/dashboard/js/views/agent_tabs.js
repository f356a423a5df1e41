// The parts of an agent's page, one at a time: a bar of tabs, each with an address of its own.
import { html, useRef } from "../ui.js";
import { agentAddress } from "../address.js";
import { Late } from "./late.js";

/** `load` resolves to the view of the part; it is given {agent, name} and brings its own style sheet. */
export const TABS = [
  { id: "log", label: "Log", load: () => import("./agent_log.js").then((m) => m.View) },
  { id: "inbox", label: "Inbox", load: () => import("./agent_inbox.js").then((m) => m.View) },
  { id: "stats", label: "Stats", load: () => import("./agent_stats.js").then((m) => m.View) },
  { id: "policy", label: "Policy", load: () => import("./policy.js").then((m) => m.View) },
  { id: "terminal", label: "Terminal", load: () => import("./agent_terminal.js").then((m) => m.View) },
  { id: "selftest", label: "Self-test", load: () => import("./selftest.js").then((m) => m.View) },
];

const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

function stepped(at, step) {
  if (!Number.isFinite(step)) return step < 0 ? 0 : TABS.length - 1;
  return (at + step + TABS.length) % TABS.length;
}

// The first part has the shortest address, so that there is one way to name it.
const inAddress = ({ id }) => (id === TABS[0].id ? null : id);

/** Props: `name`, `agent`, and `tab` from the address; one that there is not shows the first. */
export function AgentTabs({ name, agent, tab }) {
  const bar = useRef(null);
  const open = TABS.find((one) => one.id === tab) ?? TABS[0];

  // Walking along the bar leaves one entry in the history, and not one for every step.
  function keyDown(event) {
    if (event.key === " ") {
      event.preventDefault();
      event.target.click();
    }
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    // From where the keyboard is: the address may not have got there yet.
    const at = stepped([...bar.current.children].indexOf(event.target), step);
    location.replace(agentAddress(name, inAddress(TABS[at])));
    bar.current.children[at].focus();
  }

  return html`
    <div class="tabs" role="tablist" aria-label="Parts of the page" ref=${bar} onKeyDown=${keyDown}>
      ${TABS.map(
        (one) => html`
        <a key=${one.id} role="tab" id="tab-${one.id}" href=${agentAddress(name, inAddress(one))}
          aria-selected=${one === open} aria-controls="tab-panel" tabindex=${one === open ? 0 : -1}>
          ${one.label}
        </a>`,
      )}
    </div>
    <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby="tab-${open.id}" data-tab=${open.id}>
      <${Late} key=${`${open.id} ${name}`} id=${open.id} load=${open.load} agent=${agent} name=${name} />
    </div>
  `;
}
