// A text of any length and script, as text: long ones are cut until they are unfolded.
import { html, memo } from "../ui.js";
import { textLength } from "../format.js";
import { useKept } from "./context.js";

const CUT_CHARACTERS = 700;
const CUT_LINES = 9;

// Unfolded at most this much goes into the page at once; megabytes of one line freeze any browser.
const MOST_CHARACTERS = 300_000;

function cut(text, lines, characters) {
  let end = Math.min(text.length, characters);
  let at = -1;
  for (let count = 0; count < lines; count += 1) {
    at = text.indexOf("\n", at + 1);
    if (at < 0 || at >= end) return text.slice(0, end);
  }
  return text.slice(0, Math.min(end, at));
}

function Exact({ text }) {
  return html`<p dir="auto">${text}</p>`;
}

/** What somebody wrote to be read: a paragraph of its own direction, with all that languages need. */
export function Prose({ text }) {
  return html`<p dir="auto" data-prose>${text}</p>`;
}

/**
 * Props: `text`, `lines` and `characters` shown while folded, `class`, `place`: a name that keeps it unfolded
 * in a list, and `form`: the view of what is shown; without it, as text with marks for what it hides.
 */
export const Body = memo(function Body(props) {
  const { text, lines = CUT_LINES, characters = CUT_CHARACTERS, class: name = "", place = null, form = Exact } = props;
  const [open, setOpen] = useKept(place && `body:${place}`, false);
  const start = cut(text, lines, characters);
  const folds = start.length < text.length;
  const visible = open ? text.slice(0, MOST_CHARACTERS) : start;
  return html`
    <div class="body ${name} ${open && text.length > 8000 ? "long" : ""}">
      <${form} text=${folds && !open ? `${visible.trimEnd()} …` : visible} />
      ${
        folds &&
        html`<button type="button" class="quiet fold" data-press="fold" aria-expanded=${open} onClick=${() => setOpen(!open)}>
        ${open ? "Show less" : `Show all, ${textLength(text)}`}
      </button>`
      }
    </div>
  `;
});
