// What an edit took away and put there, line by line; every line has its sign besides its colour.
import { html, pure } from "../ui.js";
import { counted } from "../format.js";
import { Body } from "./body.js";
import { useKept } from "./context.js";
import { useReading } from "./reading.js";

const FOLDED_LINES = 16;
const MOST_LINES = 4000;

function Line({ line }) {
  return html`<span class="line" data-sign=${line.sign}><span class="sign">${line.sign} </span>${line.text}${"\n"}</span>`;
}

// Both texts as they are, while they are compared or where they cannot be.
function Whole({ before, after, busy, place }) {
  return html`
    <div aria-busy=${busy}>
      ${before && html`<${Body} class="mono removed" text=${before} lines=${4} place=${`${place}-`} />`}
      ${after && html`<${Body} class="mono added" text=${after} lines=${4} place=${`${place}+`} />`}
    </div>
  `;
}

export const Difference = pure(function Difference({ before, after, place }) {
  const lines = useReading("difference", before, after);
  const [open, setOpen] = useKept(`difference:${place}`, false);
  if (!lines) {
    return html`<${Whole} before=${before} after=${after} busy=${lines === undefined} place=${place} />`;
  }
  if (!lines.length) return html`<p class="aside">nothing</p>`;
  const folds = lines.length > FOLDED_LINES + 4;
  const seen = lines.slice(0, folds && !open ? FOLDED_LINES : MOST_LINES);
  return html`
    <div class="difference ${open && lines.length > 100 ? "long" : ""}">
      <pre>${seen.map((line, at) => html`<${Line} key=${at} line=${line} />`)}</pre>
      ${
        folds &&
        html`<button type="button" class="quiet fold" aria-expanded=${open} onClick=${() => setOpen(!open)}>
        ${open ? "Show less" : `Show all, ${counted(lines.length, "line")}`}
      </button>`
      }
    </div>
  `;
});
