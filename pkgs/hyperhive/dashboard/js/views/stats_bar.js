// The bar above the charts: which window, the steps through the past, and charts or tables.
import { html, useId } from "../ui.js";
import { clock } from "../format.js";
import { WINDOWS, windowNamed } from "../state/stats.js";

function Windows({ window, zoomed, onWindow }) {
  const group = useId();
  return html`
    <fieldset class="windows">
      <legend class="hidden">Window</legend>
      ${WINDOWS.map(
        ({ id, label }) => html`
        <label key=${id} data-chosen=${id === window && !zoomed}>
          <input type="radio" class="hidden" name=${group} value=${id} checked=${id === window}
            onChange=${() => onWindow(id)} onClick=${() => zoomed && onWindow(id)} />
          ${label}
        </label>`,
      )}
    </fieldset>
  `;
}

function span({ since, until }, now) {
  const from = clock(since, now, { seconds: false });
  const to = clock(until, now, { seconds: false });
  return `${from} – ${from.slice(0, 10) === to.slice(0, 10) && to.length > 5 ? to.slice(11) : to}`;
}

function Step({ label, sign, onClick, disabled = false }) {
  return html`
    <button type="button" class="quiet" aria-label=${label} title=${label} aria-disabled=${disabled}
      onClick=${() => disabled || onClick()}>${sign}</button>
  `;
}

/** Props: `state` of the stats, `now`, `asTable`, and what the buttons do. */
export function StatsBar({ state, now, asTable, onWindow, onStep, onWhole, onTable }) {
  const { window, zoom } = state;
  return html`
    <div class="stats-bar">
      <${Windows} window=${window} zoomed=${zoom !== null} onWindow=${onWindow} />
      <div class="steps" role="group" aria-label="Steps through the past">
        <${Step} label="Earlier" sign="‹" onClick=${() => onStep("earlier")} />
        <${Step} label="Closer" sign="+" onClick=${() => onStep("closer")} />
        <${Step} label="Later" sign="›" disabled=${zoom === null} onClick=${() => onStep("later")} />
      </div>
      ${
        zoom !== null &&
        html`
        <span class="zoomed number">${span(zoom, now)}</span>
        <button type="button" class="quiet whole" onClick=${onWhole}>
          Back to the ${windowNamed(window).label.toLowerCase()}
        </button>`
      }
      <span class="spacer"></span>
      <button type="button" class="quiet" aria-pressed=${asTable} onClick=${onTable}>As tables</button>
    </div>
  `;
}
