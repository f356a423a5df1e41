// A part of the page that opens and closes, and stays as it was left.
import { html, useState } from "../ui.js";
import { useKept } from "./context.js";

function Part({ open, onToggle, label, count = null, preview = "", children }) {
  return html`
    <div class="disclosure" data-open=${open}>
      <button type="button" class="quiet toggle" aria-expanded=${open} onClick=${onToggle}>
        <span class="mark" aria-hidden="true"></span>${label}
        ${count !== null && html` <span class="count">${count}</span>`}
      </button>
      ${preview && !open && html`<code class="preview">${preview}</code>`}
      ${open && html`<div class="folded">${children}</div>`}
    </div>
  `;
}

/** Children are rendered while it is open only; it stays open over reloads. */
export function Disclosure({ name, ...part }) {
  const place = `disclosure:${name}`;
  const [open, setOpen] = useState(() => sessionStorage.getItem(place) === "open");
  function toggle() {
    sessionStorage.setItem(place, open ? "closed" : "open");
    setOpen(!open);
  }
  return html`<${Part} open=${open} onToggle=${toggle} ...${part} />`;
}

/** The same in a row of a long list: it stays open until the page is left. */
export function RowDisclosure({ name, ...part }) {
  const [open, setOpen] = useKept(`disclosure:${name}`, false);
  return html`<${Part} open=${open} onToggle=${() => setOpen(!open)} ...${part} />`;
}
