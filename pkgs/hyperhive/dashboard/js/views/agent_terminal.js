// The terminal part of an agent's page: its open shells, one of them on the screen, and who looks at it.
import { html, useEffect, useRef, useState } from "../ui.js";
import { counted } from "../format.js";
import { chosen, terminalName } from "../state/terminal.js";
import { useActions, useTask } from "./context.js";
import { ConfirmButton, Problem } from "./controls.js";
import { announced, TerminalFoot } from "./terminal_foot.js";
import { TerminalScreen } from "./terminal_screen.js";

const POLL_MS = 5000;
const SIZES = [11, 12, 13, 14, 16, 18];
const NO_SCREEN = { link: "connecting", viewer: null, dropped: 0, refused: "", waiting: 0 };
const FIRST_SIZE = { cols: 80, rows: 24 };

/** A choice of the operator's that outlives the page. */
function useSetting(name, initial) {
  const place = `terminal:${name}`;
  const [value, setValue] = useState(() => JSON.parse(localStorage.getItem(place) ?? "null") ?? initial);
  function set(next) {
    localStorage.setItem(place, JSON.stringify(next));
    setValue(next);
  }
  return [value, set];
}

// The list, asked for again while no terminal's own connection brings it.
function useTerminals(name, isFed) {
  const { listTerminals } = useActions();
  const [list, setList] = useState(null);
  const [error, setError] = useState(null);
  async function look() {
    try {
      setList(await listTerminals(name));
      setError(null);
    } catch (failure) {
      setError(failure.message);
    }
  }
  useEffect(() => {
    if (isFed) return undefined;
    look();
    const timer = setInterval(() => !document.hidden && look(), POLL_MS);
    return () => clearInterval(timer);
  }, [isFed]);
  return { list, setList, error };
}

function Chip({ terminal, number, current, onChoose }) {
  const { end, viewers } = terminal;
  const looking = viewers.length;
  return html`
    <button type="button" class="chip" aria-pressed=${current} data-ended=${end !== null} onClick=${onChoose}>
      <span class="number">${number}</span> <bdi>${terminalName(terminal)}</bdi>
      ${end !== null && html` <span class="aside">ended</span>`}
      ${end === null && looking > 1 && html` <span class="aside">${counted(looking, "viewer")}</span>`}
    </button>
  `;
}

// The emulator measures what it draws, so it starts when its styles are there.
function useStyles(count) {
  const [loaded, setLoaded] = useState(0);
  return [loaded >= count, () => setLoaded((before) => before + 1)];
}

function Options({ fontSize, setFontSize, screenReader, setScreenReader }) {
  const at = Math.max(0, SIZES.indexOf(fontSize));
  return html`
    <button type="button" class="quiet" aria-label="A−, smaller type" aria-disabled=${at === 0}
      onClick=${() => setFontSize(SIZES[Math.max(0, at - 1)])}>A−</button>
    <button type="button" class="quiet" aria-label="A+, larger type" aria-disabled=${at === SIZES.length - 1}
      onClick=${() => setFontSize(SIZES[Math.min(SIZES.length - 1, at + 1)])}>A+</button>
    <label title="Lines are read out as they come; drawing is slower">
      <input type="checkbox" checked=${screenReader}
        onChange=${(event) => setScreenReader(event.target.checked)} />
      Screen reader
    </label>
  `;
}

function Nothing({ name, contained, busy, onOpen }) {
  return html`
    <div class="part nothing">
      <p>
        No terminal is open. One is a shell of yours ${contained ? `in ${name}'s container` : "beside the agent"},
        in its state directory. The agent's rules for Bash do not bind it, and${" "}
        <code>claude</code> in it is the agent's own, for instance to log in.
      </p>
      <button type="button" class="primary" aria-disabled=${busy} onClick=${onOpen}>
        ${busy ? "Opening…" : "Open a terminal"}
      </button>
    </div>
  `;
}

export function View({ agent, name }) {
  const { openTerminal, endTerminal, listTerminals, refused } = useActions();
  const [screen, setScreen] = useState(NO_SCREEN);
  const [id, setId] = useState(() => sessionStorage.getItem(`terminal:${name}`));
  const [fontSize, setFontSize] = useSetting("font", 13);
  const [screenReader, setScreenReader] = useSetting("reader", false);
  const { list, setList, error } = useTerminals(name, screen.link === "live");
  const opening = useTask();
  const ending = useTask();
  const [isStyled, onStyle] = useStyles(2);
  const isChosen = useRef(false);
  const bar = useRef(null);

  const terminals = list?.terminals ?? [];
  const current = chosen(terminals, id);
  // A terminal whose screen is shown stays there when it has left the list.
  const shown = current?.id ?? (screen.link === "gone" ? id : null);

  function choose(next) {
    isChosen.current = true;
    sessionStorage.setItem(`terminal:${name}`, next);
    setId(next);
    setScreen(NO_SCREEN);
  }

  function report({ terminals: newest, dropped = 0, ...change }) {
    if (newest) setList((before) => ({ ...before, terminals: newest }));
    setScreen((before) => ({ ...before, ...change, dropped: before.dropped + dropped }));
  }

  const open = () =>
    opening.run(async () => {
      const opened = await openTerminal(name, FIRST_SIZE);
      setList((before) => ({
        ...before,
        terminals: [...(before?.terminals ?? []).filter((one) => one.id !== opened.id), opened],
      }));
      choose(opened.id);
    });

  // Below the screen of a terminal stands what is wrong with its connection.
  const problem = opening.error ?? ending.error ?? (shown ? null : error);
  return html`
    <link rel="stylesheet" href="/static/vendor/xterm.css" onLoad=${onStyle} />
    <link rel="stylesheet" href="/static/css/terminal.css" onLoad=${onStyle} />
    <div class="terminals">
      ${
        (terminals.length > 0 || shown) &&
        html`
        <div class="terminal-bar" role="group" aria-label="Terminals of ${name}" ref=${bar}>
          ${terminals.map(
            (one, index) => html`
            <${Chip} key=${one.id} terminal=${one} number=${index + 1} current=${one.id === shown}
              onChoose=${() => choose(one.id)} />`,
          )}
          <button type="button" class="quiet" aria-disabled=${opening.busy} onClick=${open}>
            ${opening.busy ? "Opening…" : "New terminal"}
          </button>
          <span class="spacer"></span>
          <${Options} fontSize=${fontSize} setFontSize=${setFontSize} screenReader=${screenReader}
            setScreenReader=${setScreenReader} />
          ${
            current?.end === null &&
            html`<${ConfirmButton} key=${current.id} label="End" busy=${ending.busy}
              confirm="Yes, end it and all in it"
              onConfirm=${() => ending.run(() => endTerminal(name, current.id))} />`
          }
        </div>`
      }
      ${problem && html`<div class="part"><${Problem} text=${problem} /></div>`}
      ${list === null && !problem && html`<p class="empty" role="status">Loading…</p>`}
      ${
        list !== null &&
        !shown &&
        html`<${Nothing} name=${name} contained=${list.contained} busy=${opening.busy} onOpen=${open} />`
      }
      ${
        shown &&
        isStyled &&
        html`
        <${TerminalScreen} key=${shown} id=${shown} eager=${isChosen.current}
          path=${`/api/agents/${encodeURIComponent(name)}/terminals/${shown}`}
          label="Terminal of ${name}. Control Shift Escape or Control F6 leaves it."
          find=${async () => (await listTerminals(name)).terminals} report=${report} onRefused=${refused}
          leave=${() => bar.current?.querySelector('[aria-pressed="true"]')?.focus()}
          screenReader=${screenReader} fontSize=${fontSize} />
        <span class="hidden" role="status">${announced(current, screen)}</span>
        <${TerminalFoot} terminal=${current} screen=${screen} onAgain=${open} busy=${opening.busy} />
        <p class="terminal-hint aside">
          <span class="keyboard">
            <kbd>Ctrl+Shift+Esc</kbd> or <kbd>Ctrl+F6</kbd> leaves the terminal
            <span class="more"> · <kbd>Ctrl+Shift+C</kbd> copies</span>
          </span>
          ${
            list?.contained === false &&
            html`<span>This shell is a plain process beside the agent, with no container around it.</span>`
          }
        </p>`
      }
    </div>
  `;
}
