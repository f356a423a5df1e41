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
      <fieldset class="choice">
        <legend class="hidden">Show</legend>
        ${Object.entries(CHOICES).map(
          ([choice, label]) => html`
          <label key=${choice}>
            <input class="hidden" type="radio" name="log-show" checked=${choice === log.show}
              onChange=${() => onShow(choice)} />
            ${label}
          </label>`,
        )}
      </fieldset>
      <span role="status"><${Live} log=${log} /></span>
    </div>
  `;
}
