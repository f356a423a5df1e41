// One agent's page: its head, and one of its parts below a bar of tabs. It stands beside the hive or takes
// the hive's place.
import { html, useEffect, useRef, useState } from "../ui.js";
import { AgentHead } from "./agent_head.js";
import { AgentTabs } from "./agent_tabs.js";
import { keysAreOn } from "./shortcuts.js";

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
