// A part of the page that opens and closes, and stays as it was left.
import { html, useState } from "../ui.js";

/** Children are rendered while it is open only. */
export function Fold({ name, label, count = null, children }) {
  const place = `fold:${name}`;
  const [open, setOpen] = useState(() => sessionStorage.getItem(place) === "open");
  function toggle() {
    sessionStorage.setItem(place, open ? "closed" : "open");
    setOpen(!open);
  }
  return html`
    <div class="fold-part" data-open=${open}>
      <button type="button" class="quiet toggle" aria-expanded=${open} onClick=${toggle}>
        <span class="mark" aria-hidden="true"></span>${label}
        ${count !== null && html` <span class="count">${count}</span>`}
      </button>
      ${open && html`<div class="folded">${children}</div>`}
    </div>
  `;
}
