// The bar above an agent's log: what of it is shown, and whether it is live.
import { html } from "../ui.js";

const CHOICES = { all: "Everything", turns: "Turns", text: "Text", tools: "Tools", refusals: "Refusals" };

function Live({ log }) {
  if (log.live) return null;
  return html`<span class="problem">${log.error ?? (log.rows.length ? "not connected" : "")}</span>`;
}

/** Props: `log`, and `onShow(choice)`. */
export function LogBar({ log, onShow }) {
  return html`
    <div class="log-bar">
      <div class="choice" role="group" aria-label="Show">
        ${Object.entries(CHOICES).map(
          ([choice, label]) => html`
          <button key=${choice} type="button" aria-pressed=${choice === log.show}
            onClick=${() => choice !== log.show && onShow(choice)}>${label}</button>`,
        )}
      </div>
      <span role="status"><${Live} log=${log} /></span>
    </div>
  `;
}
