// How many columns the terminal gives characters; programs place their cursor by the same count.
import assert from "node:assert/strict";
import { test } from "node:test";

// The add-on is made for browsers: it reads Node's buffers at the wrong place.
const { Buffer } = globalThis;
globalThis.window ??= globalThis;
globalThis.Buffer = undefined;
const { Terminal } = await import("../../dashboard/vendor/xterm.module.js");
const { countGraphemes } = await import("../../dashboard/js/character_width.js");
globalThis.Buffer = Buffer;

async function columns(text) {
  const terminal = new Terminal({ cols: 60, rows: 3, allowProposedApi: true });
  countGraphemes(terminal);
  await new Promise((done) => terminal.write(text, done));
  const { cursorX } = terminal.buffer.active;
  terminal.dispose();
  return cursorX;
}

const WIDTHS = {
  "⚡🤖🫪|": 7,
  "🫩": 2,
  "\u{1f6d8}": 2,
  "👨‍👩‍👧": 2,
  "🏳️‍🌈": 2,
  "🇩🇪🇫🇷": 4,
  "👍🏽": 2,
  "❤️": 2,
  "❤": 1,
  "1️⃣": 2,
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿": 2,
  "e\u0301": 1,
  "한\u1112\u1161\u11ab": 4,
  "漢字ｱア": 7,
  "กำ": 2,
  "…—│✓": 4,
  "ascii é": 7,
};

for (const [text, width] of Object.entries(WIDTHS)) {
  test(`${text} takes ${width} columns`, async () => assert.equal(await columns(text), width));
}

test("a character that comes in two writes takes no more than in one", async () => {
  const terminal = new Terminal({ cols: 60, rows: 3, allowProposedApi: true });
  countGraphemes(terminal);
  for (const part of ["👨\u200d", "👩|", "e", "\u0301|"]) await new Promise((done) => terminal.write(part, done));
  assert.equal(terminal.buffer.active.cursorX, 5);
  terminal.dispose();
});
