// How full an agent's context is.
import { html } from "../ui.js";
import { contextPercent, tokens } from "../format.js";

const HIGH_PERCENT = 80;

export function ContextMeter({ status }) {
  const percent = contextPercent(status);
  if (percent === null) return html`<span class="meter none">no context</span>`;
  const exact = `context ${tokens(status.context_used)} of ${tokens(status.context_max)} tokens`;
  return html`
    <span class="meter" data-high=${percent >= HIGH_PERCENT} title=${exact}>
      <span class="track" role="meter" aria-label="Context used"
            aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent}>
        <span class="fill" style=${{ width: `${percent}%` }}></span>
      </span>
      <span class="number">${percent} %</span>
    </span>
  `;
}
