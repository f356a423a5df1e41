// What can stand beside the hive, in the place of the message flow, besides an agent's page.
import { html, useEffect, useRef } from "../ui.js";

/** `load` resolves to the view; it is given `agents` and brings its own style sheet. */
export const SIDES = [
  { id: "stats", label: "Stats", load: () => import("./stats.js").then((m) => m.HiveStats) },
  { id: "doctor", label: "Doctor", load: () => import("./doctor.js").then((m) => m.View) },
];

export function sideNamed(id) {
  return SIDES.find((one) => one.id === id);
}

/** Props: `title`, `onClose`; children are what stands in it. Escape closes, focus begins at the heading. */
export function Side({ title, onClose, children }) {
  const heading = useRef(null);
  useEffect(() => heading.current.focus({ preventScroll: true }), []);
  function keyDown(event) {
    if (event.key === "Escape" && !event.defaultPrevented) onClose();
  }
  return html`
    <aside class="panel" aria-labelledby="panel-title" onKeyDown=${keyDown}>
      <div class="panel-head">
        <h2 id="panel-title" tabindex="-1" ref=${heading}>${title}</h2>
        <span class="spacer"></span>
        <button type="button" class="quiet close" onClick=${onClose} aria-label="Close the page">×</button>
      </div>
      <div class="tab-panel">${children}</div>
    </aside>
  `;
}
