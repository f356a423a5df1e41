// The line below a terminal: who looks at it, its size, where it comes from, how it ended or what is wrong.
import { html } from "../ui.js";
import { byteSize, counted } from "../format.js";
import { endWords } from "../state/terminal.js";
import { Ago } from "./times.js";

function Viewers({ terminal, viewer }) {
  const { viewers } = terminal;
  const count = counted(viewers.length, "viewer");
  if (viewers.length < 2) return html`<span>${count}</span>`;
  return html`
    <details class="viewers">
      <summary>${count}</summary>
      <ul>
        ${viewers.map(
          (one) => html`
          <li key=${one.id}>
            ${one.who}${one.id === viewer && " (you)"}, <${Ago} at=${one.since} />
            ${one.driving && ", sets the size"}
          </li>`,
        )}
      </ul>
    </details>
  `;
}

const LINKS = {
  connecting: "Connecting…",
  lost: "The connection broke; connecting again…",
  gone: "This terminal is gone.",
};

/** What a screen reader hears of what happens by itself. */
export function announced(terminal, { link }) {
  if (terminal?.end) return `Ended: ${endWords(terminal.end)}`;
  return LINKS[link] ?? "";
}

// What is true of the connection and the shell, in one line that does not jump.
function Status({ terminal, screen, onAgain, busy }) {
  const end = terminal?.end ?? null;
  if (end !== null || screen.link === "gone") {
    return html`
      <span class="ended">${end === null ? LINKS.gone : `Ended: ${endWords(end)}`}</span>
      ${end !== null && html`<span class="aside"><${Ago} at=${end.at} /></span>`}
      <button type="button" aria-disabled=${busy} onClick=${onAgain}>Open another</button>
    `;
  }
  if (terminal?.connected === false) {
    return html`<span class="lost">The agent's harness is away; waiting for it…</span>`;
  }
  if (screen.link !== "live" || !terminal) {
    return html`<span class="lost">${LINKS[screen.link] ?? LINKS.connecting}</span>`;
  }
  const driving = terminal.viewers.some((one) => one.id === screen.viewer && one.driving);
  return html`
    <${Viewers} terminal=${terminal} viewer=${screen.viewer} />
    <span class="number">${terminal.cols} × ${terminal.rows}</span>
    <span>opened by ${terminal.opened_by} <${Ago} at=${terminal.since} /></span>
    ${!driving && html`<span>another window sets the size; type to take it over</span>`}
    <${Typed} screen=${screen} />
  `;
}

// What was typed or pasted and the program does not have.
function Typed({ screen: { waiting, dropped, refused, drop } }) {
  return html`
    ${
      waiting > 0 &&
      html`
      <span class="lost">${byteSize(waiting)} typed wait for the program to read</span>
      <button type="button" class="quiet" onClick=${drop}>Drop the rest</button>`
    }
    ${dropped > 0 && html`<span class="lost">the program did not get ${dropped} bytes that were typed</span>`}
    ${refused && html`<span class="lost">not pasted: ${refused}; put it into a file</span>`}
  `;
}

/** Props: `terminal` or null, the `screen`'s state, `onAgain` opens another terminal, `busy` while it does. */
export function TerminalFoot(props) {
  return html`<div class="terminal-foot"><${Status} ...${props} /></div>`;
}
