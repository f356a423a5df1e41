// Shows what a text hides: characters that nobody sees, or that put others in another order, become marks. Pure.

// Controls, format and filler characters, and spaces that are not the one of the keyboard. What is seen by
// itself is not among them: a tab, the end of a line, the wide space of Chinese and Japanese.
const HIDDEN =
  /[[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]--[\n\t \u3000]]/v;
// An emoji may be joined of several by such characters.
const PIECES = new RegExp(`\\p{RGI_Emoji}|${HIDDEN.source}`, "gv");

const CONTROLS =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );

function mark(piece) {
  if (!HIDDEN.test(piece) || /^\p{RGI_Emoji}$/v.test(piece)) return piece;
  const code = piece.codePointAt(0);
  return `⟨${CONTROLS[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}⟩`;
}

/** The text with a mark in the place of every such character: `⟨U+202E⟩`, `⟨ESC⟩`. */
export function visible(text) {
  return HIDDEN.test(text) ? text.replace(PIECES, mark) : text;
}
