// Ways past the rest of the page, first in the order of the keyboard.
import { html } from "../ui.js";
import { focusSection } from "./context.js";

const SECTIONS = [
  ["questions", "Skip to questions"],
  ["inbox", "Skip to inbox"],
  ["agents", "Skip to agents"],
  ["flow", "Skip to messages"],
];

export function Skips() {
  return html`
    <nav class="skips" aria-label="Skip">
      ${SECTIONS.map(
        ([id, words]) => html`
        <button key=${id} type="button" onClick=${() => focusSection(id)}>${words}</button>`,
      )}
    </nav>
  `;
}
