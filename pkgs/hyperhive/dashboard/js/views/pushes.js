// Pushes to a phone: where they go, a button that tries it, and how the latest ones went.
import { html, useState } from "../ui.js";
import { span } from "../format.js";
import { useActions, useNow, useTask } from "./context.js";
import { Problem } from "./controls.js";
import { Clock } from "./times.js";

function Unset() {
  return html`
    <p>Nothing is pushed. With a topic of an ntfy server in <code>services.hyperhive.notifications.ntfy</code>${" "}
      or <code>[notifications.ntfy]</code> of <code>hive.toml</code>, your phone hears of what still waits after
      a while.</p>
  `;
}

/** Sentences for how a delivery stands; `wait` is the time until it is due. */
const STATES = {
  pending: ({ error }, wait) => (wait > 0 ? `in ${span(wait)}` : error ? "to be tried again" : "due"),
  sent: ({ summed }) => (summed ? "sent in a sum" : "sent"),
  skipped: () => "was over",
  failed: () => "failed",
};

function Row({ delivery }) {
  const { title, state, error, due_at: due, settled_at: settled, tried_at: tried } = delivery;
  const now = useNow();
  return html`
    <li data-state=${state}>
      <span class="title"><bdi>${title}</bdi></span>
      <span class="outcome">${STATES[state](delivery, due - now)}</span>
      <span class="aside"><${Clock} at=${settled ?? tried ?? delivery.opened_at} /></span>
      ${error && html`<span class="error">${error}</span>`}
    </li>
  `;
}

function Trouble({ reason, until }) {
  const wait = Math.ceil(until - useNow());
  const again = wait > 0 ? `it is asked again in ${span(wait)}` : "it is asked again now";
  return html`<${Problem} text=${`The server takes nothing now (${reason}); ${again}.`} />`;
}

function Where({ ntfy }) {
  return html`
    <p>What still waits after ${span(ntfy.delay_seconds)} goes to <code>${ntfy.url}</code>${
      ntfy.link === null
        ? ", without a link: the dashboard is not reachable from elsewhere."
        : html`, with a link to <code>${ntfy.link}</code>.`
    }</p>
    ${ntfy.trouble && html`<${Trouble} reason=${ntfy.trouble} until=${ntfy.resumes_at} />`}
  `;
}

function Test({ onTested }) {
  const { testPush } = useActions();
  const [said, setSaid] = useState(null);
  const { busy, error, run } = useTask();
  async function test() {
    setSaid(null);
    await run(async () => setSaid(await testPush()));
    onTested();
  }
  return html`
    <div class="test">
      <button type="button" aria-disabled=${busy} onClick=${test}>
        ${busy ? "Sending…" : "Send a test notification"}
      </button>
      <span role="status" data-ok=${said?.ok ?? null}>
        ${said && (said.ok ? `The server took it: ${said.said}` : `Not taken: ${said.said}`)}
      </span>
    </div>
    ${error && html`<${Problem} text=${error} />`}
  `;
}

/** Props: `view` as the broker gives it, `onTested`. */
export function Pushes({ view, onTested }) {
  const { ntfy, deliveries } = view;
  return html`
    ${ntfy ? html`<${Where} ntfy=${ntfy} /><${Test} onTested=${onTested} />` : html`<${Unset} />`}
    ${
      deliveries.length > 0
        ? html`<ul class="deliveries" aria-label="Latest pushes" tabindex="0">
            ${deliveries.map((delivery) => html`<${Row} key=${delivery.id} delivery=${delivery} />`)}
          </ul>`
        : ntfy && html`<p class="aside">Nothing was pushed yet.</p>`
    }
  `;
}
