// One terminal on the page: the emulator, its connection, and the size of the window it is in.
import { html, useEffect, useRef } from "../ui.js";
import { byteSize } from "../format.js";
import { createEmulator, themeOf } from "../emulator.js";
import { randomKey } from "../net/api.js";
import { keepConnected } from "../net/reconnect.js";
import { EndedError, followTerminal } from "../net/terminal_socket.js";
import { backlog, boundedSize, boundedTitle, inputFlow, outputFlow } from "../state/terminal.js";

/** After this a terminal that the broker does not know any more is not waited for. */
const GONE_MS = 30_000;
/** A program may change its title all the time; the harness is told this often. */
const TITLE_MS = 300;

/** Ends whatever sequence it stands in, and makes the terminal as new. */
const RESET = "\x1b\\\x1bc";

/** What a keyboard of glass lacks. */
const KEYS = [
  ["Esc", "\x1b"],
  ["Tab", "\t"],
  ["Ctrl+C", "\x03"],
  ["Ctrl+D", "\x04"],
  ["←", "\x1b[D"],
  ["↑", "\x1b[A"],
  ["↓", "\x1b[B"],
  ["→", "\x1b[C"],
];

/** Less than this waits only on its way. */
const NOTICED_BYTES = 4096;
/** While more than this waits, Ctrl-C is meant for that. */
const PASTING_BYTES = 16 * 1024;
/** More is not pasted but sent as a file. */
const PASTE_BYTES = 16 * 1024 * 1024;
const INTERRUPT = "\x03";
const [PASTE_BEGIN, PASTE_END] = ["\x1b[200~", "\x1b[201~"];

/** As a keyboard types it: programs may ask for other sequences of the arrows. */
function press(terminal, text) {
  const asked = terminal.modes.applicationCursorKeysMode;
  terminal.input(asked ? text.replace(/^\x1b\[/, "\x1bO") : text);
}

const encoder = new TextEncoder();

function isLeaving({ key, ctrlKey, shiftKey }) {
  return ctrlKey && ((key === "Escape" && shiftKey) || key === "F6");
}

// Binary mouse reports: one byte for each character.
const binary = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/**
 * Runs the terminal `id` in `host`. `find()` resolves to the agent's terminals, `report(change)` hears of
 * {terminals}, {viewer}, {link: "connecting" | "live" | "lost" | "gone"}, {dropped}, {refused} and {waiting, drop}.
 */
function startScreen(host, { path, id, find, report, onRefused, leave, screenReader, fontSize }) {
  let flow = outputFlow();
  const waiting = backlog();
  let line = null;
  let viewer = null;
  let drives = false;
  let isRestoring = false;
  let size = null;
  let lostAt = null;
  let title = "";
  let titleTimer = null;
  // The keyboard is here before the first connection is: what is typed meanwhile goes with it.
  const input = inputFlow();
  const window = randomKey();
  let isAttached = false;
  let wasAttached = false;
  let isCancelled = false;
  let noticed = 0;

  const emulator = createEmulator(host, {
    isAsked: () => drives && flow.isLive && !isRestoring,
    onKey,
    onType,
    screenReader,
    fontSize,
  });
  const { terminal } = emulator;

  function onKey(event) {
    if (isLeaving(event)) {
      if (event.type === "keydown") leave();
      return false;
    }
    if (event.type === "keydown" && event.ctrlKey && event.shiftKey && event.code === "KeyC") {
      event.preventDefault();
      document.execCommand("copy");
      return false;
    }
    return true;
  }

  function onType(text, isPaste) {
    const bytes = encoder.encode(text);
    if (isPaste && bytes.length > PASTE_BYTES) {
      report({ refused: `${byteSize(bytes.length)} at once are too many` });
      return;
    }
    if (text === INTERRUPT && input.waiting > PASTING_BYTES) cancel();
    enter(bytes, { isPaste, tail: text.startsWith(PASTE_BEGIN) ? PASTE_END : "" });
  }

  function enter(bytes, options) {
    input.add(bytes, options);
    pump();
  }

  function pump() {
    for (let piece; isAttached && (piece = input.next()); ) {
      if (piece.paste) line.say({ type: "paste", ...piece.paste });
      line.type(piece.bytes);
    }
    const waiting = input.waiting < NOTICED_BYTES ? 0 : input.waiting;
    if (waiting !== noticed) report({ waiting, drop: cancel });
    noticed = waiting;
  }

  // Also what is on its way, and what the kernel has for the program.
  function cancel() {
    report({ dropped: drop() });
    if (isAttached) line.say({ type: "cancel" });
    else isCancelled = true;
    pump();
  }

  // Answers with how many bytes the program does not get.
  function drop() {
    const dropped = input.waiting;
    input.add(encoder.encode(input.drop()));
    return dropped;
  }

  function onPasteRefused({ longest }) {
    const dropped = drop();
    if (longest === null) report({ dropped });
    else report({ refused: `the program reads lines, and one of ${longest} bytes would be cut` });
    line.say({ type: "cancel" });
    pump();
  }

  function acknowledge(offset) {
    if (offset !== null) line?.say({ type: "ack", offset });
  }

  // What was set before: a program that asked for something then was answered then.
  function restore(bytes) {
    terminal.write("", () => (isRestoring = true));
    terminal.write(bytes, () => (isRestoring = false));
  }

  function draw({ offset, bytes, gap, isState }) {
    if (gap) {
      // What was skipped may have left any mode behind, and what came before it may not be drawn yet.
      terminal.write(`${RESET}\x1b[2m[${gap} bytes of output were skipped]\x1b[0m\r\n`);
    }
    if (isState) {
      restore(bytes);
      return;
    }
    const begun = flow;
    const at = flow.parting(offset, bytes.length);
    const parts = at === null ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)];
    let end = offset;
    for (const part of parts) {
      end += part.length;
      const behind = end;
      terminal.write(part, () => begun === flow && acknowledge(flow.drew(behind)));
    }
  }

  function output(offset, bytes) {
    if (flow.isFlooded) throw new Error("The harness sent more than was asked for.");
    const { gap, skip } = flow.take(offset, bytes.length);
    const piece = { offset: offset + skip, bytes: bytes.subarray(skip), gap };
    if (!piece.bytes.length) return;
    show(piece);
    if (!waiting.isEmpty) acknowledge(flow.kept(offset + bytes.length));
  }

  function state({ offset, sequences }) {
    const bytes = Uint8Array.from(atob(sequences), (character) => character.charCodeAt(0));
    show({ offset, bytes, gap: flow.take(offset, 0).gap, isState: true });
  }

  // A hidden page gets no time to draw: what comes is kept, so that the program need not wait for it.
  function show(piece) {
    if (document.hidden || !waiting.isEmpty) {
      waiting.add(piece);
    } else {
      draw(piece);
    }
  }

  function onVisible() {
    if (document.hidden) return;
    const { isWhole } = waiting;
    const pieces = waiting.take();
    if (isWhole) {
      pieces.forEach(draw);
      return;
    }
    // What had no room may have left any mode behind: the harness knows.
    flow = outputFlow();
    terminal.write(RESET);
    line?.leave();
    connection.hurry();
  }

  function changed({ terminals }) {
    const own = terminals.find((one) => one.id === id);
    if (own) {
      drives = own.viewers.some((one) => one.id === viewer && one.driving);
      fit(own);
    }
    report({ terminals });
  }

  // What comes was drawn for this size.
  function fit({ cols, rows }) {
    if (cols !== terminal.cols || rows !== terminal.rows) terminal.resize(cols, rows);
  }

  function measure() {
    size = boundedSize(emulator.fits()) ?? size;
    if (size) line?.say({ type: "resize", ...size });
  }

  async function connect(signal, up) {
    const terminals = await find();
    report({ terminals });
    const own = terminals.find((one) => one.id === id);
    if (!own) throw new Error("The broker does not know this terminal.");
    if (!own.connected && own.end === null) {
      // As long as the broker waits for the harness, so does this page.
      lostAt = null;
      throw new Error("The agent's harness is away.");
    }
    fit(own);
    const on = {
      open(opened) {
        line = opened;
      },
      attached(frame) {
        viewer = frame.viewer;
        flow.attached(frame.offset, frame.live);
        lostAt = null;
        terminal.options.disableStdin = false;
        report({ viewer, link: "live" });
        measure();
        isAttached = wasAttached = true;
        if (isCancelled) line.say({ type: "cancel" });
        isCancelled = false;
        input.attached(frame.typed);
        pump();
        up();
      },
      changed,
      dropped: ({ count }) => report({ dropped: count }),
      refused: onPasteRefused,
      taken({ offset }) {
        input.taken(offset);
        pump();
      },
      output,
      state,
    };
    await followTerminal(path, { have: flow.received, window }, on, signal);
  }

  function onLost(error) {
    line = null;
    // What was typed before any connection was is not kept for one that may come much later.
    if (!wasAttached) input.drop();
    isAttached = false;
    drives = false;
    lostAt ??= Date.now();
    terminal.options.disableStdin = true;
    if (onRefused(error)) return true;
    const over = error instanceof EndedError || Date.now() - lostAt > GONE_MS;
    report({ link: over ? "gone" : "lost" });
    if (over) {
      report({ dropped: drop() });
      input.drop();
      pump();
    }
    return over;
  }

  const connection = keepConnected(connect, onLost);
  terminal.onBinary((text) => enter(binary(text)));
  terminal.onTitleChange((changed) => {
    title = boundedTitle(changed);
    titleTimer ??= setTimeout(() => {
      titleTimer = null;
      line?.say({ type: "title", text: title });
    }, TITLE_MS);
  });
  const resizing = new ResizeObserver(() => requestAnimationFrame(measure));
  resizing.observe(host);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const recolour = () => (terminal.options.theme = themeOf(host));
  scheme.addEventListener("change", recolour);
  const onLeave = (event) => noticed > 0 && event.preventDefault();
  addEventListener("beforeunload", onLeave);
  document.addEventListener("visibilitychange", onVisible);
  addEventListener("online", connection.hurry);

  return {
    terminal,
    measure,
    stop() {
      connection.stop();
      clearTimeout(titleTimer);
      resizing.disconnect();
      scheme.removeEventListener("change", recolour);
      removeEventListener("beforeunload", onLeave);
      document.removeEventListener("visibilitychange", onVisible);
      removeEventListener("online", connection.hurry);
      terminal.dispose();
    },
  };
}

/**
 * Props: as `startScreen`, `label` for screen readers, and `eager` where the keyboard goes to it at once.
 * Remount it (`key`) for another terminal.
 */
export function TerminalScreen({ label, eager, screenReader, fontSize, ...parts }) {
  const host = useRef(null);
  const screen = useRef(null);

  useEffect(() => {
    screen.current = startScreen(host.current, { ...parts, screenReader, fontSize });
    if (eager) screen.current.terminal.focus();
    return () => screen.current.stop();
  }, []);

  useEffect(() => {
    const { terminal, measure } = screen.current;
    terminal.options.screenReaderMode = screenReader;
    terminal.options.fontSize = fontSize;
    measure();
  }, [screenReader, fontSize]);

  // Keys are the shell's: the page's own, and Escape that closes it, must not hear of them.
  return html`
    <div class="screen" role="group" aria-label=${label} onKeyDown=${(event) => event.stopPropagation()}>
      <div class="emulator" ref=${host}></div>
    </div>
    <div class="terminal-keys" role="group" aria-label="Keys">
      ${KEYS.map(
        ([name, text]) => html`
        <button key=${name} type="button" onPointerDown=${(event) => event.preventDefault()}
          onClick=${() => press(screen.current.terminal, text)}>${name}</button>`,
      )}
    </div>
  `;
}
