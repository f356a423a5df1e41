// The bar on top: the name, whether the page is live, the ways to doctor and keys, and the way out. Before it
// the ways past the rest of the page, first in the order of the keyboard.
import { html } from "../ui.js";
import { sideAddress } from "../address.js";
import { focusSection, useActions, useNow, useTask } from "./context.js";
import { Notify } from "./notify.js";
import { SIDES } from "./side.js";

const SECTIONS = [
  ["questions", "Skip to questions"],
  ["inbox", "Skip to inbox"],
  ["agents", "Skip to agents"],
  ["flow", "Skip to messages"],
];

export function SkipLinks() {
  return html`
    <nav class="skip-links" aria-label="Skip">
      ${SECTIONS.map(
        ([id, label]) => html`
        <button key=${id} type="button" onClick=${() => focusSection(id)}>${label}</button>`,
      )}
    </nav>
  `;
}

function Retry({ at }) {
  const left = Math.max(0, Math.ceil(at - useNow()));
  return html`<span>Disconnected, <span class="again">again in </span><span class="number">${left} s</span></span>`;
}

function LinkState({ link, onHurry }) {
  if (link.state === "live") return html`<span class="link" data-link="live">live</span>`;
  const waits = link.state === "lost" && link.retryAt !== null;
  return html`
    <span class="link" data-link=${link.state}>
      ${waits ? html`<${Retry} at=${link.retryAt} />` : "Connecting…"}
      ${waits && html`<button type="button" class="quiet" onClick=${onHurry}>Now</button>`}
    </span>
  `;
}

export function Header({ link, version, onHurry, onKeys }) {
  const { logout } = useActions();
  const { busy, error, run } = useTask();
  return html`
    <header class="top">
      <h1><a class="brand" href="#/" aria-label="hyperhive, overview">
        <img src="/static/logo.svg" alt="" width="22" height="22" /> <span class="brand-name">hyperhive</span>
      </a></h1>
      ${version && html`<span class="version">${version}</span>`}
      <span class="spacer"></span>
      <span role="status"><${LinkState} link=${link} onHurry=${onHurry} /></span>
      ${SIDES.map(
        ({ id, label }) => html`<a key=${id} id="side-${id}" class="quiet-link" href=${sideAddress(id)}>${label}</a>`,
      )}
      <${Notify} />
      <button type="button" class="quiet" aria-label="Keys" title="Keys (?)" aria-haspopup="dialog" onClick=${onKeys}>
        ?
      </button>
      <button type="button" class="quiet" aria-disabled=${busy} title=${error ?? ""}
        onClick=${() => run(logout)}>
        ${error ? "Log out failed, again?" : "Log out"}
      </button>
    </header>
  `;
}
