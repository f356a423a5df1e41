// The menu below the bell: what this browser does, why it does not, and what went to the phone.
import { html, useEffect, useState } from "../ui.js";
import { useActions, useTask } from "./context.js";
import { Problem } from "./controls.js";
import { useNotifier } from "./notify.js";
import { Pushes } from "./pushes.js";

const RENEW_MS = 10_000;

function Insecure() {
  const { protocol, hostname, port } = location;
  const at = port || (protocol === "https:" ? "443" : "80");
  return html`
    <p><strong>Not over plain HTTP.</strong> Browsers show notifications for pages that come over HTTPS or from
      this very machine; this one is <code>${location.origin}</code>.</p>
    <p>Serve it with TLS: on NixOS <code>services.hyperhive.dashboard.tls</code>, in <code>hive.toml</code>${" "}
      <code>tls</code> of <code>[dashboard]</code>.</p>
    <p>Or open a tunnel, and then <code>http://localhost:${at}</code>, which has to be among the dashboard's host
      names:</p>
    <pre>ssh -N -L ${at}:${hostname}:${at} ${hostname}</pre>
  `;
}

const HINTS = {
  insecure: Insecure,
  missing: () => html`
    <p>This browser has no notifications for pages. Pushes to a phone, below, need no browser.</p>`,
  unable: () => html`
    <p>This browser shows notifications for installed apps only, as Chrome on Android does. Pushes to a phone,
      below, reach it all the same.</p>`,
};

function Denied() {
  return html`
    <p><strong>Blocked in this browser.</strong> To change it, open the site's settings with the sign to the left
      of the address, set notifications to “allow”, and load the page again.</p>
  `;
}

function Mute({ muted }) {
  const { notifier } = useActions();
  return html`
    <p>New questions, messages to you, and agents that fail or need a login; none while you look at this page.</p>
    <label class="mute">
      <input type="checkbox" checked=${muted} onChange=${(event) => notifier.mute(event.target.checked)} />
      <span>Muted, in every tab of this browser</span>
    </label>
  `;
}

function Ask() {
  const { notifier } = useActions();
  return html`
    <p>This browser asks you once whether the hive may notify you.</p>
    <button type="button" onClick=${() => notifier.ask()}>Allow notifications</button>
  `;
}

function Browser() {
  const { support, permission, muted } = useNotifier();
  const Hint = HINTS[support];
  if (Hint) return html`<${Hint} />`;
  if (permission === "denied") return html`<${Denied} />`;
  return permission === "granted" ? html`<${Mute} muted=${muted} />` : html`<${Ask} />`;
}

function Phone() {
  const { deliveries } = useActions();
  const [view, setView] = useState(null);
  const { error, run } = useTask();
  const renew = () => run(async () => setView(await deliveries()));
  useEffect(() => {
    renew();
    const timer = setInterval(() => document.hidden || renew(), RENEW_MS);
    return () => clearInterval(timer);
  }, []);
  return html`
    ${error && html`<${Problem} text=${error} />`}
    ${view ? html`<${Pushes} view=${view} onTested=${renew} />` : !error && html`<p class="aside">Loading…</p>`}
  `;
}

export function View() {
  return html`
    <link rel="stylesheet" href="/static/css/notify.css" />
    <section aria-labelledby="notify-browser">
      <h3 id="notify-browser">This browser</h3>
      <${Browser} />
    </section>
    <section aria-labelledby="notify-phone">
      <h3 id="notify-phone">Phone</h3>
      <${Phone} />
    </section>
  `;
}
