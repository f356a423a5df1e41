// One agent's page: its head, and one of its parts below a bar of tabs. It stands beside the hive or takes
// the hive's place.
import { html, useEffect, useRef, useState } from "../ui.js";
import { agentAddress } from "../address.js";
import { AgentHead } from "./agent_head.js";
import { Lazy } from "./lazy.js";
import { keysAreOn } from "./shortcuts.js";

/** `load` resolves to the view of the part; it is given {agent, name} and brings its own style sheet. */
const TABS = [
  { id: "log", label: "Log", load: () => import("./agent_log.js").then((m) => m.View) },
  { id: "inbox", label: "Inbox", load: () => import("./agent_inbox.js").then((m) => m.View) },
  { id: "stats", label: "Stats", load: () => import("./stats.js").then((m) => m.AgentStats) },
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
function AgentTabs({ name, agent, tab }) {
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
      <${Lazy} key=${`${open.id} ${name}`} id=${open.id} load=${open.load} agent=${agent} name=${name} />
    </div>
  `;
}

const PLACE = "agent-page";
const WIDE = "wide";

function useWide() {
  const [wide, setWide] = useState(() => localStorage.getItem(PLACE) === WIDE);
  function toggle() {
    localStorage.setItem(PLACE, wide ? "beside" : WIDE);
    setWide(!wide);
  }
  return [wide, toggle];
}

// One letter is a command only where no letters are typed.
function isKey(event, key) {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
  return keysAreOn() && event.key === key && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
}

function useKey(key, act) {
  useEffect(() => {
    const keyDown = (event) => isKey(event, key) && !event.defaultPrevented && act();
    document.addEventListener("keydown", keyDown);
    return () => document.removeEventListener("keydown", keyDown);
  }, [act]);
}

/** Props: `name` and `tab` from the address, `agent` its view or undefined, `ready`, `onClose`. */
export function AgentPage({ name, tab, agent, ready, onClose }) {
  const title = useRef(null);
  const [wide, toggleWide] = useWide();
  useKey("w", toggleWide);
  useEffect(() => title.current.focus({ preventScroll: true }), [name]);
  function keyDown(event) {
    if (event.key === "Escape" && !event.defaultPrevented) onClose();
  }
  return html`
    <aside class="panel" data-wide=${wide} aria-labelledby="panel-title" onKeyDown=${keyDown}>
      <${AgentHead} name=${name} agent=${agent} title=${title}>
        <button type="button" class="quiet widen" aria-pressed=${wide} aria-keyshortcuts="w" onClick=${toggleWide}
          title=${wide ? "Beside the hive (w)" : "Over the whole width (w)"} aria-label="Over the whole width">
          <span aria-hidden="true">${wide ? "⇥" : "⇤"}</span>
        </button>
        <button type="button" class="quiet close" onClick=${onClose} aria-label="Close the page">×</button>
      </${AgentHead}>
      ${
        agent
          ? html`<${AgentTabs} name=${name} tab=${tab} agent=${agent} />`
          : html`<p class="empty">${ready ? "No agent of that name is in the hive." : "Loading…"}</p>`
      }
    </aside>
  `;
}
