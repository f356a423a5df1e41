// The doctor: what the broker finds wrong with the machine, itself and its agents, and what to do about it.
import { html, useEffect, useState } from "../ui.js";
import { agentAddress } from "../address.js";
import { useActions, useSlice, useTask } from "./context.js";
import { Problem } from "./controls.js";
import { Ago } from "./times.js";

const OUTCOMES = { failed: "failed", ok: "ok", skipped: "skipped" };

function Check({ check }) {
  const { name, outcome, found, option, command } = check;
  return html`
    <li data-outcome=${outcome}>
      <span class="outcome">${OUTCOMES[outcome]}</span>
      <span class="probe">${name}</span>
      <span class="found">${found}</span>
      ${
        outcome === "failed" &&
        html`
        <dl class="advice">
          <dt>Change</dt><dd>${option}</dd>
          <dt>Run</dt><dd><code>${command}</code></dd>
        </dl>`
      }
    </li>
  `;
}

function Checks({ checks }) {
  return html`<ul class="findings">${checks.map((one) => html`<${Check} key=${one.key} check=${one} />`)}</ul>`;
}

function Walls({ name, onTested }) {
  const { selfTest } = useActions();
  const { busy, error, run } = useTask();
  return html`
    ${error && html`<${Problem} text=${error} />`}
    <button type="button" class="quiet" aria-disabled=${busy} aria-label="Run the self-test of ${name}"
      onClick=${() => run(() => selfTest(name)).then((done) => done && onTested())}>
      ${busy ? "Running…" : "Run the self-test"}
    </button>
  `;
}

function Agent({ name, checks, linked, onTested }) {
  return html`
    <section aria-label=${name}>
      <div class="doctor-agent">
        <h3><a href=${agentAddress(name)}><bdi>${name}</bdi></a></h3>
        <span class="spacer"></span>
        ${linked && html`<${Walls} name=${name} onTested=${onTested} />`}
      </div>
      <${Checks} checks=${checks} />
    </section>
  `;
}

function words({ checks, ok }) {
  const counts = Object.keys(OUTCOMES)
    .map((outcome) => [checks.filter((one) => one.outcome === outcome).length, OUTCOMES[outcome]])
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}`);
  return [ok ? "Nothing is wrong." : "Not all is as it should be.", counts.join(", ")];
}

function Summary({ diagnosis }) {
  const [verdict, counts] = words(diagnosis);
  return html`
    <strong data-ok=${diagnosis.ok}>${verdict}</strong> ${counts}${" "}
    <span class="aside"><${Ago} at=${diagnosis.at} /></span>
  `;
}

function useDiagnosis() {
  const { doctor } = useActions();
  const [diagnosis, setDiagnosis] = useState(null);
  const task = useTask();
  const look = () => task.run(async () => setDiagnosis(await doctor()));
  useEffect(() => {
    look();
  }, []);
  return { ...task, diagnosis, look };
}

export function View() {
  const { diagnosis, busy, error, look } = useDiagnosis();
  const agents = useSlice((state) => state.agents);
  const linked = new Set(agents.filter((agent) => agent.linked).map((agent) => agent.name));
  const about = [...new Set(diagnosis?.checks.map((check) => check.about) ?? [])];
  const of = (name) => diagnosis.checks.filter((check) => check.about === name);
  return html`
    <link rel="stylesheet" href="/static/css/doctor.css" />
    <div class="tab-part doctor">
      <div class="doctor-head">
        <p role="status">
          ${diagnosis ? html`<${Summary} diagnosis=${diagnosis} />` : !error && "Looking…"}
        </p>
        <button type="button" aria-disabled=${busy} onClick=${look}>${busy ? "Looking…" : "Look again"}</button>
      </div>
      ${error && html`<${Problem} text=${error} />`}
      ${about.map((name) =>
        name === ""
          ? html`
            <section key="hive" aria-label="The machine and the broker">
              <div class="doctor-agent"><h3>The machine and the broker</h3></div>
              <${Checks} checks=${of("")} />
            </section>`
          : html`<${Agent} key=${name} name=${name} checks=${of(name)} linked=${linked.has(name)} onTested=${look} />`,
      )}
    </div>
  `;
}
