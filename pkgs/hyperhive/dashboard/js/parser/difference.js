// Compares two texts line by line, for what an edit took away and what it put there.
import { diffLines } from "../../vendor/diff/diff/line.js";

/** Unchanged lines that are shown around a change. */
const AROUND = 3;
const MOST_MS = 1000;

function linesOf(text) {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

const same = (text) => ({ sign: " ", text });

// A long run without a change is cut in its middle; at the edges it only leads to the change.
function cut(lines, isFirst, isLast) {
  const head = isFirst ? 0 : AROUND;
  const tail = isLast ? 0 : AROUND;
  if (lines.length <= head + tail + 1) return lines.map(same);
  const skipped = lines.length - head - tail;
  return [
    ...lines.slice(0, head).map(same),
    { sign: "…", text: `${skipped} unchanged lines` },
    ...lines.slice(lines.length - tail).map(same),
  ];
}

// The last line is a line like every other one, also where nothing ends it.
const ended = (text) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

/** Lines {sign, text}: the sign is `+`, `-`, a space, or `…` for lines that were left out; null when it is too much. */
export function difference(before, after) {
  const parts = diffLines(ended(before), ended(after), { timeout: MOST_MS });
  if (!parts) return null;
  return parts.flatMap(({ added, removed, value }, index) => {
    const lines = linesOf(value);
    if (added || removed) return lines.map((text) => ({ sign: added ? "+" : "-", text }));
    return cut(lines, index === 0, index === parts.length - 1);
  });
}
