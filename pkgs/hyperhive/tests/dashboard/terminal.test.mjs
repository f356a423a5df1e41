// What a terminal's window counts and keeps: offsets over cut connections, and output while nobody looks.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACK_BYTES,
  BACKLOG_BYTES,
  backlog,
  boundedSize,
  boundedTitle,
  chosen,
  endWords,
  inputFlow,
  outputFlow,
  terminalName,
} from "../../dashboard/js/state/terminal.js";

const terminal = (id, changes = {}) => ({ id, title: "", end: null, ...changes });

test("bytes that came twice are skipped and bytes that never came are a gap", () => {
  const flow = outputFlow();
  flow.attached(100, 100);
  assert.deepEqual(flow.take(100, 50), { gap: 0, skip: 0 });
  assert.deepEqual(flow.take(140, 20), { gap: 0, skip: 10 });
  assert.deepEqual(flow.take(120, 20), { gap: 0, skip: 20 });
  assert.deepEqual(flow.take(200, 5), { gap: 40, skip: 0 });
  assert.equal(flow.received, 205);
});

test("a new connection goes on where the last one ended", () => {
  const flow = outputFlow();
  assert.equal(flow.received, null);
  flow.attached(0, 500);
  flow.take(0, 700);
  flow.attached(700, 700);
  assert.deepEqual(flow.take(700, 10), { gap: 0, skip: 0 });
});

test("the harness is told in steps, and when everything is drawn", () => {
  const flow = outputFlow();
  flow.attached(0, 0);
  flow.take(0, ACK_BYTES + 100);
  assert.equal(flow.drew(10), null);
  assert.equal(flow.drew(ACK_BYTES), ACK_BYTES);
  assert.equal(flow.drew(ACK_BYTES + 50), null);
  assert.equal(flow.drew(ACK_BYTES + 100), ACK_BYTES + 100);
  assert.equal(flow.drew(ACK_BYTES + 100), null);
});

test("more than was asked for is noticed, and a hole is not more", () => {
  const flow = outputFlow();
  flow.attached(0, 0);
  flow.take(10_000_000, 512 * 1024);
  assert.equal(flow.isFlooded, false);
  flow.take(10_000_000 + 512 * 1024, 1);
  assert.equal(flow.isFlooded, true);
  flow.drew(10_000_000 + 512 * 1024 + 1);
  assert.equal(flow.isFlooded, false);
});

test("what is shown again is parted from what is live", () => {
  const flow = outputFlow();
  assert.equal(flow.isLive, false);
  flow.attached(0, 300);
  flow.take(0, 400);
  assert.equal(flow.parting(0, 200), null);
  assert.equal(flow.parting(200, 200), 100);
  assert.equal(flow.parting(300, 100), null);
  flow.drew(299);
  assert.equal(flow.isLive, false);
  flow.drew(300);
  assert.equal(flow.isLive, true);
});

test("what is kept to be drawn later is not live before it was drawn", () => {
  const flow = outputFlow();
  flow.attached(0, 300);
  flow.take(0, 400);
  assert.equal(flow.kept(400), 400);
  assert.equal(flow.isLive, false);
  assert.equal(flow.drew(300), null);
  assert.equal(flow.isLive, true);
});

test("what another window saw while this one was cut off is not live", () => {
  const flow = outputFlow();
  flow.attached(0, 0);
  flow.take(0, 100);
  flow.drew(100);
  flow.attached(100, 250);
  assert.equal(flow.isLive, false);
  assert.equal(flow.parting(100, 200), 150);
  flow.take(100, 200);
  flow.drew(250);
  assert.equal(flow.isLive, true);
});

const KIB = 1024;

/** Everything that may be sent now, as lengths; pastes that begin with it as well. */
function sendable(input) {
  const sent = [];
  for (let piece; (piece = input.next()); ) sent.push(piece.paste ? [piece.bytes.length, piece.paste.length] : piece.bytes.length);
  return sent;
}

test("a paste goes in pieces, and no more of it than may be on its way", () => {
  const input = inputFlow();
  input.attached(0);
  input.add(new Uint8Array(100 * KIB), { isPaste: true });
  assert.deepEqual(sendable(input), [[16 * KIB, 100 * KIB], 16 * KIB, 16 * KIB, 16 * KIB]);
  assert.deepEqual(sendable(input), []);
  assert.equal(input.waiting, 100 * KIB);
  input.taken(32 * KIB);
  assert.deepEqual(sendable(input), [16 * KIB, 16 * KIB]);
  input.taken(96 * KIB);
  assert.deepEqual(sendable(input), [4 * KIB]);
  input.taken(100 * KIB);
  assert.equal(input.waiting, 0);
});

test("a paste says how long its longest line is", () => {
  const longest = (text) => {
    const input = inputFlow();
    input.attached(0);
    input.add(new TextEncoder().encode(text), { isPaste: true });
    return input.next().paste.longest;
  };
  assert.deepEqual(["a", "ab\rc\r", "\r\rabc", "ä\r", "x\r".repeat(9)].map(longest), [1, 2, 3, 2, 1]);
});

test("after a cut connection what the harness does not have is sent again", () => {
  const input = inputFlow();
  input.attached(0);
  input.add(new Uint8Array(40 * KIB).fill(7), { isPaste: true });
  sendable(input);
  input.taken(16 * KIB);
  input.attached(20 * KIB);
  assert.deepEqual(sendable(input), [12 * KIB, 8 * KIB]);
  input.attached(40 * KIB);
  assert.deepEqual(sendable(input), []);
  input.add(Uint8Array.of(1));
  assert.deepEqual(sendable(input), [1]);
});

test("what was dropped does not come after a new connection", () => {
  const input = inputFlow();
  input.attached(0);
  input.add(new Uint8Array(100 * KIB), { isPaste: true, tail: "end" });
  sendable(input);
  assert.equal(input.drop(), "end");
  input.add(Uint8Array.of(1, 2, 3));
  input.attached(30 * KIB);
  assert.deepEqual(sendable(input), [3]);
  input.taken(30 * KIB + 3);
  assert.equal(input.waiting, 0);
  input.add(new Uint8Array(10), { isPaste: true, tail: "end" });
  assert.equal(input.drop(), "");
});

test("a title is cut between characters", () => {
  const lead = "\ud83d";
  assert.equal(boundedTitle("short"), "short");
  assert.equal(boundedTitle(`${"x".repeat(199)}😀😀`), `${"x".repeat(199)}😀`);
  assert.equal(boundedTitle("😀".repeat(300)), "😀".repeat(200));
  assert.equal(boundedTitle(`a${lead}`), "a\ufffd");
});

test("a hidden window keeps the newest output and says what had no room", () => {
  const kept = backlog();
  assert.equal(kept.isEmpty, true);
  const half = BACKLOG_BYTES / 2;
  for (let at = 0; at < 4; at += 1) {
    kept.add({ offset: at * half, bytes: new Uint8Array(half), gap: at === 1 ? 7 : 0 });
  }
  const pieces = kept.take();
  assert.deepEqual(
    pieces.map(({ offset, gap }) => [offset, gap]),
    [
      [2 * half, 2 * half + 7],
      [3 * half, 0],
    ],
  );
  assert.equal(kept.isEmpty, true);
  kept.add({ offset: 0, bytes: new Uint8Array(2 * BACKLOG_BYTES), gap: 0 });
  assert.deepEqual(
    kept.take().map(({ gap }) => gap),
    [0],
  );
});

test("the terminal that was chosen is shown, else the newest that runs", () => {
  const ended = terminal("c", { end: {} });
  const all = [terminal("a"), terminal("b"), ended];
  assert.equal(chosen(all, "a").id, "a");
  assert.equal(chosen(all, "c"), ended);
  assert.equal(chosen(all, "gone").id, "b");
  assert.equal(chosen([ended], null), ended);
  assert.equal(chosen([], "a"), null);
});

test("ends and names are words", () => {
  const end = { exit_code: null, signal: null, reason: "" };
  assert.equal(endWords(null), "");
  assert.equal(endWords({ ...end, exit_code: 0 }), "exit code 0");
  assert.equal(endWords({ ...end, signal: 9, reason: "the harness stopped" }), "the harness stopped, signal 9");
  assert.equal(terminalName(terminal("a", { title: "  " })), "shell");
  assert.equal(terminalName(terminal("a", { title: "<b>" })), "<b>");
});

test("a size is one that the harness takes, or none", () => {
  assert.deepEqual(boundedSize({ cols: 80.7, rows: 24 }), { cols: 80, rows: 24 });
  assert.deepEqual(boundedSize({ cols: 1, rows: 9999 }), { cols: 2, rows: 200 });
  assert.equal(boundedSize({ cols: Number.NaN, rows: 4 }), null);
  assert.equal(boundedSize(undefined), null);
});
