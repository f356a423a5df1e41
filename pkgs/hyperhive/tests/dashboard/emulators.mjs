// Reads lines of JSON {whole, state, rest} (base64) and says of each whether an emulator that gets the state and
// the rest is what one is that got everything: by its modes, and by what both draw next.
import { createInterface } from "node:readline";
globalThis.window ??= globalThis;
const { Terminal } = await import("../../dashboard/vendor/xterm.module.js");

const PROBE =
  "\x1b\\\x1b[?7h\x1b[?6l\x1b[2J\x1b[1;1Hlqkx\x0elqkx\x0f\r\tx\tx\x1b[5;1Hmargin\x1b[99B\n\n\n\nend\x1b8\x1b[9;1Hsaved";

const draw = (terminal, data) => new Promise((done) => terminal.write(data, done));

async function found(...parts) {
  const terminal = new Terminal({ cols: 60, rows: 12, allowProposedApi: true });
  for (const part of parts) await draw(terminal, Buffer.from(part, "base64"));
  const { modes } = terminal;
  const type = terminal.buffer.active.type;
  const drawn = [];
  for (const more of [PROBE, `\x1b[?1049l${PROBE}`]) {
    await draw(terminal, more);
    const buffer = terminal.buffer.active;
    for (let y = 0; y < 12; y += 1) {
      const line = buffer.getLine(buffer.baseY + y);
      const cell = line.getCell(0);
      const how = [cell.isBold(), cell.isItalic(), cell.isUnderline(), cell.isInverse(), cell.isDim()];
      drawn.push([line.translateToString(true), cell.getFgColor(), cell.getBgColor(), ...how]);
    }
  }
  terminal.dispose();
  return JSON.stringify({ modes, type, drawn }, null, 1);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { whole, state, rest } = JSON.parse(line);
  console.log(JSON.stringify([await found(whole), await found(state, rest)]));
}
