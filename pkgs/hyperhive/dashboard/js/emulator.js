// Makes the terminal emulator: xterm.js with what an agent's output must not do switched off.
import { Terminal } from "../vendor/xterm.module.js";
import { FitAddon } from "../vendor/addon-fit.module.js";
import "./adopted_style.js";
import { countGraphemes } from "./character_width.js";

const SCROLLBACK_LINES = 5000;

/** No screen has more rows or columns; see the broker's Size. */
const MOST = 500;
const FOCUS = 1004;
const FOCUS_REPORTS = ["\x1b[I", "\x1b[O"];

const DARK = {
  black: "#2d2a24",
  red: "#ff8a7c",
  green: "#8ccb92",
  yellow: "#e5a935",
  blue: "#92b4df",
  magenta: "#d3a0d9",
  cyan: "#7cc7c3",
  white: "#d5d0c4",
  brightBlack: "#8a8477",
  brightRed: "#ffb0a6",
  brightGreen: "#aee0b3",
  brightYellow: "#efbf60",
  brightBlue: "#b3ccec",
  brightMagenta: "#e4bfe8",
  brightCyan: "#a3dedb",
  brightWhite: "#fffaf0",
};

const LIGHT = {
  black: "#22201b",
  red: "#b3261e",
  green: "#2c6e35",
  yellow: "#875800",
  blue: "#2f5796",
  magenta: "#85388e",
  cyan: "#17696b",
  white: "#6a665c",
  brightBlack: "#5b574d",
  brightRed: "#c83b32",
  brightGreen: "#3a7d43",
  brightYellow: "#96640a",
  brightBlue: "#3b67ab",
  brightMagenta: "#9a4aa4",
  brightCyan: "#237c7e",
  brightWhite: "#22201b",
};

/** The colours for `host`, whose style has paper and ink in the scheme of the moment. */
export function themeOf(host) {
  const { backgroundColor, color, caretColor } = getComputedStyle(host);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return {
    ...(dark ? DARK : LIGHT),
    background: backgroundColor,
    foreground: color,
    cursor: caretColor,
    cursorAccent: backgroundColor,
    selectionBackground: dark ? "#e5a93555" : "#d9971c55",
    scrollbarSliderBackground: dark ? "#9d978a44" : "#6a665c33",
    scrollbarSliderHoverBackground: dark ? "#9d978a77" : "#6a665c66",
    scrollbarSliderActiveBackground: dark ? "#9d978a99" : "#6a665c88",
  };
}

// Every question that a program can put to its terminal. Only one window answers, and none answers twice: an
// answer is typed into the shell, and one that nobody waits for would stand on its command line.
function answerOnlyWhen(parser, isAsked) {
  const quiet = () => !isAsked();
  const csi = [
    { final: "c" },
    { prefix: ">", final: "c" },
    { prefix: "=", final: "c" },
    { final: "n" },
    { prefix: "?", final: "n" },
    { intermediates: "$", final: "p" },
    { prefix: "?", intermediates: "$", final: "p" },
    { final: "t" },
  ];
  for (const id of csi) parser.registerCsiHandler(id, quiet);
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, quiet);
  for (const colour of [4, 10, 11, 12]) {
    parser.registerOscHandler(colour, (text) => text.includes("?") && quiet());
  }
}

// xterm.js repeats what it is told to as often as it is told to: two thousand million times, with the page
// standing still.
function repeatWithinReason(parser) {
  for (const final of ["I", "L", "M", "S", "T", "Z", "b"]) {
    parser.registerCsiHandler({ final }, ([count]) => count > MOST);
  }
}

// A program that asks to hear of the focus is told at once how that is: an answer like the others.
function answersToFocus(parser, isAsked) {
  let isUnasked = false;
  parser.registerCsiHandler({ prefix: "?", final: "h" }, (modes) => {
    if (modes.includes(FOCUS)) {
      isUnasked = !isAsked();
      // The answer comes at once; what comes later is the focus itself.
      queueMicrotask(() => (isUnasked = false));
    }
    return false;
  });
  return (text) => !(isUnasked && FOCUS_REPORTS.includes(text));
}

// Pasted text is text: no control character in it may end a bracketed paste or reach the program as a key.
function pasteClean(host, paste) {
  host.addEventListener(
    "paste",
    (event) => {
      event.preventDefault();
      event.stopPropagation();
      const text = event.clipboardData?.getData("text/plain") ?? "";
      paste(text.replaceAll(/[^\P{Cc}\t\r\n]/gu, ""));
    },
    { capture: true },
  );
}

/**
 * An emulator in `host`. `isAsked()` says whether it is this window that answers programs' questions,
 * `onKey(event)` answers false to keys that the page takes for itself, `onType(text, isPaste)` hears what is
 * for the shell.
 */
export function createEmulator(host, { isAsked, onKey, onType, screenReader, fontSize }) {
  const { fontFamily } = getComputedStyle(host);
  const terminal = new Terminal({
    // The counting of columns is one.
    allowProposedApi: true,
    cursorBlink: false,
    fontFamily,
    fontSize,
    macOptionIsMeta: true,
    minimumContrastRatio: 4.5,
    screenReaderMode: screenReader,
    scrollback: SCROLLBACK_LINES,
    theme: themeOf(host),
    // No link of the agent's is one: neither opened nor asked about.
    linkHandler: { activate: () => {} },
    windowOptions: {},
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  countGraphemes(terminal);
  terminal.parser.registerOscHandler(8, () => true);
  answerOnlyWhen(terminal.parser, isAsked);
  repeatWithinReason(terminal.parser);
  const isWanted = answersToFocus(terminal.parser, isAsked);
  let isPaste = false;
  terminal.onData((text) => isWanted(text) && onType(text, isPaste));
  terminal.attachCustomKeyEventHandler(onKey);
  terminal.open(host);
  pasteClean(host, (text) => {
    isPaste = true;
    terminal.paste(text);
    isPaste = false;
  });
  return { terminal, fits: () => fit.proposeDimensions() };
}
