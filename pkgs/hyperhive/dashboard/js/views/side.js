// The frame of what stands beside the hive, in the place of the message flow: a heading, and ways out.
import { html, useEffect, useRef } from "../ui.js";

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
