// An agent's self-test: what is really true of its walls, and a button that has it looked at again.
import { html, useEffect, useState } from "../ui.js";
import { counted } from "../format.js";
import { useActions, useTask } from "./context.js";
import { Problem } from "./controls.js";
import { Ago } from "./times.js";

const OUTCOMES = { failed: "failed", ok: "ok", none: "no wall", skipped: "skipped" };

function Row({ finding }) {
  const { name, outcome, found, meaning } = finding;
  return html`
    <li data-outcome=${outcome}>
      <span class="outcome">${OUTCOMES[outcome]}</span>
      <span class="probe">${name}</span>
      <span class="found">${found}</span>
      <span class="meaning">${meaning}</span>
    </li>
  `;
}

function Part({ title, findings }) {
  return html`
    <h3>${title}</h3>
    <ul class="findings">${findings.map((one) => html`<${Row} key=${one.key} finding=${one} />`)}</ul>
  `;
}

function words({ outside, inside }) {
  const outcomes = [...outside, ...inside].map((finding) => finding.outcome);
  return Object.entries(OUTCOMES)
    .map(([outcome, word]) => [outcomes.filter((one) => one === outcome).length, word])
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

function Result({ test }) {
  return html`
    ${
      !test.contained &&
      html`<p>No walls were promised: agents of <code>hyperhive up</code> are processes of whoever started it.</p>`
    }
    <${Part} title="Seen by the broker" findings=${test.outside} />
    <${Part} title="Said by the agent itself" findings=${test.inside} />
    <p class="aside">What the agent says is as true as the agent is honest.</p>
  `;
}

function Summary({ test }) {
  // Green is for walls that hold, not for none.
  const ok = test.ok && !test.contained ? null : test.ok;
  return html`
    <strong data-ok=${ok}>${test.ok ? "Nothing failed." : "Not all is as it should be."}</strong>
    ${" "}${words(test)} <span class="aside"><${Ago} at=${test.at} />, in ${counted(Math.ceil(test.seconds), "second")}</span>
  `;
}

export function View({ name }) {
  const { selfTest, lastSelfTest } = useActions();
  const [test, setTest] = useState(null);
  const [loaded, setLoaded] = useState(false);
  const look = useTask();
  const running = useTask();
  useEffect(() => {
    look.run(async () => setTest((await lastSelfTest(name)).last)).then(() => setLoaded(true));
  }, []);
  const error = running.error ?? look.error;
  return html`
    <link rel="stylesheet" href="/static/css/selftest.css" />
    <div class="selftest tab-part">
      <div class="selftest-head">
        <button type="button" aria-disabled=${running.busy}
          onClick=${() => running.run(async () => setTest(await selfTest(name)))}>
          ${running.busy ? "Running…" : "Run the self-test"}
        </button>
        <p role="status">
          ${test ? html`<${Summary} test=${test} />` : loaded && !error && "Not run since the broker started."}
        </p>
      </div>
      ${error && html`<${Problem} text=${error} />`}
      ${test && html`<${Result} test=${test} />`}
    </div>
  `;
}
