// The top line: what needs the operator, or that nothing does.
import { html } from "../ui.js";
import { counted } from "../format.js";
import { needLabel } from "../labels.js";
import { isReady } from "../state/hive.js";
import { activity, needs } from "../state/needs.js";
import { focusSection } from "./context.js";
import { Clock } from "./times.js";

const SECTIONS = { questions: "questions", unread: "inbox", parked: "parked" };

function Need({ need }) {
  const [strong, rest] = needLabel(need);
  const label = html`<strong>${strong}</strong> ${rest}`;
  if (need.agents?.length === 1) return html`<a class="need" href="#/agent/${need.agents[0]}">${label}</a>`;
  const section = SECTIONS[need.kind] ?? "agents";
  return html`<button type="button" class="need" onClick=${() => focusSection(section)}>${label}</button>`;
}

function Quiet({ state }) {
  const { total, working } = activity(state);
  const agents = total
    ? `${counted(total, "agent")}, ${working || "none"} working.`
    : "There are no agents yet.";
  return html`<span class="quiet-line">Nothing needs you. <span class="aside">${agents}</span></span>`;
}

function Waiting({ link }) {
  if (link.state === "lost") return html`<span class="quiet-line">${link.error}</span>`;
  return html`<span class="quiet-line">Connecting to the hive…</span>`;
}

export function Needs({ state }) {
  const found = needs(state);
  const old = isReady(state) && state.link.state !== "live";
  return html`
    <div class="needs" data-old=${old} data-any=${found.length > 0}>
      <p aria-live="polite">
        ${
          !isReady(state)
            ? html`<${Waiting} link=${state.link} />`
            : found.length
              ? found.map((need) => html`<span key=${need.kind} class="item"><${Need} need=${need} /></span>`)
              : html`<${Quiet} state=${state} />`
        }
      </p>
      ${old && html`<p class="as-of">as of <${Clock} at=${state.link.asOf} /></p>`}
    </div>
  `;
}
