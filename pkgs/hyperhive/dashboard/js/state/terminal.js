// A terminal's output as the page counts it: what came, what was drawn, what the harness is told. Pure.

/** The harness is told of what was drawn in steps of this, and when there is nothing left to draw. */
export const ACK_BYTES = 32 * 1024;
/** The harness takes no longer title. */
const TITLE_LENGTH = 200;
/** So much may be on its way and not drawn; the harness sends half of it. */
const FLIGHT_BYTES = 512 * 1024;
/** As the harness counts them; typed input goes in pieces. */
const TYPED_BYTES = 64 * 1024;
const PIECE_BYTES = 16 * 1024;
/** Output that a hidden page keeps to draw later. */
export const BACKLOG_BYTES = 1024 * 1024;

/** Offsets of one terminal's output over all its connections. */
export function outputFlow() {
  let received = null;
  let drawn = 0;
  let acked = 0;
  let live = 0;

  /** What to tell the harness when everything before `offset` is done with; null when that can wait. */
  function told(offset) {
    if (offset <= acked || (offset - acked < ACK_BYTES && offset < received)) return null;
    acked = offset;
    return acked;
  }

  return {
    /** Everything before it has come; null before the first connection. */
    get received() {
      return received;
    },
    /** Whether what is drawn next was not shown to anybody before. */
    get isLive() {
      return received !== null && drawn >= live;
    },
    /** A connection begins to send at `offset`; what comes before `liveFrom` is shown again. */
    attached(offset, liveFrom) {
      if (received === null) received = drawn = offset;
      // Meanwhile another window may have drawn more, and answered what was asked there.
      live = Math.max(live, liveFrom);
      acked = received;
    },
    /** What is new of `length` bytes at `offset`: without the first `skip`, and behind a hole of `gap`. */
    take(offset, length) {
      const gap = Math.max(0, offset - received);
      const skip = Math.min(length, Math.max(0, received - offset));
      received = Math.max(received, offset + length);
      // What was skipped need not be drawn.
      acked += gap;
      return { gap, skip };
    },
    /** Whether the harness sent far more than it was told is done with. */
    get isFlooded() {
      return received - acked > FLIGHT_BYTES;
    },
    /** Where to part bytes that begin at `offset`, so that old and live ones are drawn apart. */
    parting: (offset, length) => (offset < live && live < offset + length ? live - offset : null),
    /** Everything before `offset` was drawn; answers with what to tell the harness, or null. */
    drew(offset) {
      drawn = Math.max(drawn, offset);
      return told(drawn);
    },
    /** Everything before `offset` is kept to be drawn later; answers as `drew`. */
    kept: told,
  };
}

/** Bytes of the longest line, as a paste has them: each ends with a carriage return. */
function longestLine(bytes) {
  let longest = 0;
  let begin = 0;
  for (let end = 0; begin <= bytes.length; begin = end + 1) {
    end = bytes.indexOf(13, begin);
    if (end < 0) end = bytes.length;
    longest = Math.max(longest, end - begin);
  }
  return longest;
}

/**
 * What was typed and the program does not have yet, over all connections of this window: at most TYPED_BYTES of
 * it are on their way, the rest waits here.
 */
export function inputFlow() {
  // One after the other: the first one's first byte has the offset `base`.
  let pieces = [];
  let base = 0;
  let sent = 0;
  let length = 0;
  const end = () => base + length;

  return {
    /** Bytes that the program does not have. */
    get waiting() {
      return length;
    },
    /** Adds `bytes`; `isPaste` where they belong together, `tail` ends them when they are dropped half-way. */
    add(bytes, { isPaste = false, tail = "" } = {}) {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES);
        const paste = isPaste && at === 0 ? { length: bytes.length, longest: longestLine(bytes) } : null;
        pieces.push({ bytes: piece, paste, tail });
      }
      length += bytes.length;
    },
    /** The harness has everything before `offset`: what follows is sent again. */
    attached(offset) {
      // What lies between was dropped here.
      if (offset < base || offset > end()) base = offset;
      sent = offset;
    },
    /** What may be sent now: {bytes, paste}, with {length, longest} of a paste that begins with it; or null. */
    next() {
      let at = base;
      for (const { bytes, paste } of pieces) {
        const skip = sent - at;
        at += bytes.length;
        if (at <= sent) continue;
        if (at - base > TYPED_BYTES) return null;
        sent = at;
        return { bytes: bytes.subarray(skip), paste: skip === 0 ? paste : null };
      }
      return null;
    },
    /** The program has everything before `offset`. */
    taken(offset) {
      while (pieces.length && base + pieces[0].bytes.length <= offset) {
        base += pieces[0].bytes.length;
        length -= pieces[0].bytes.length;
        pieces.shift();
      }
      sent = Math.max(sent, base);
    },
    /** Drops everything; answers with what must be typed so that the program does not wait for the rest. */
    drop() {
      const begun = sent > base ? (pieces[0]?.tail ?? "") : "";
      pieces = [];
      base = sent;
      length = 0;
      return begun;
    },
  };
}

/** Pieces of output that wait while nobody looks: the newest BACKLOG_BYTES of them. */
export function backlog() {
  let pieces = [];
  let size = 0;
  let lost = 0;
  return {
    get isEmpty() {
      return pieces.length === 0;
    },
    /** Whether everything that was added is kept. */
    get isWhole() {
      return lost === 0;
    },
    /** Keeps `piece` = {offset, bytes, gap}. */
    add(piece) {
      pieces.push(piece);
      size += piece.bytes.length;
      while (size > BACKLOG_BYTES && pieces.length > 1) {
        const [oldest] = pieces.splice(0, 1);
        size -= oldest.bytes.length;
        lost += oldest.bytes.length + oldest.gap;
      }
    },
    /** Gives everything back; the first piece's gap includes what had no room. */
    take() {
      const taken = pieces.map((piece, index) => (index ? piece : { ...piece, gap: piece.gap + lost }));
      pieces = [];
      size = lost = 0;
      return taken;
    },
  };
}

/** A title as the harness takes it: not too long, and cut between characters. */
export function boundedTitle(text) {
  return [...text.slice(0, 2 * TITLE_LENGTH)].slice(0, TITLE_LENGTH).join("").toWellFormed();
}

/** How a terminal ended, in words; `end` is null while it runs. */
export function endWords(end) {
  if (end === null) return "";
  const code =
    end.signal !== null ? `signal ${end.signal}` : end.exit_code !== null ? `exit code ${end.exit_code}` : "";
  return [end.reason, code].filter(Boolean).join(", ");
}

/** What a list of terminals calls one; the title is the agent's text. */
export function terminalName(terminal) {
  return terminal.title.trim() || "shell";
}

/** The terminal to show: the one that was chosen, else the newest that runs, else the newest. */
export function chosen(terminals, id) {
  const running = terminals.filter((one) => one.end === null);
  return terminals.find((one) => one.id === id) ?? running.at(-1) ?? terminals.at(-1) ?? null;
}

/** A size within the bounds of `Size`, or null for none. */
export function boundedSize(size) {
  if (!size || !Number.isFinite(size.cols) || !Number.isFinite(size.rows)) return null;
  const within = (value, least, most) => Math.min(most, Math.max(least, Math.floor(value)));
  return { cols: within(size.cols, 2, 500), rows: within(size.rows, 1, 200) };
}
