// An agent's state as a cell of the comb: filled while it works, hollow while it is away.
import { html } from "../ui.js";

export function Hex({ state }) {
  return html`
    <svg class="hex" data-state=${state} viewBox="0 0 16 16" aria-hidden="true">
      <path d="M8 1 14 4.5v7L8 15 2 11.5v-7z" />
    </svg>
  `;
}
