// Views of texts that the worker parsed: until it has, and where it cannot, they are plain.
import { html, memo, useEffect, useState } from "../ui.js";
import { counted } from "../format.js";
import { knownParse, requestParse } from "../parser/client.js";
import { Body } from "./body.js";
import { useKept } from "./context.js";

/** Undefined while the texts are parsed, null where they cannot be, else what `kind` of parser makes of them. */
function useParsed(kind, ...texts) {
  const [, redraw] = useState(0);
  const value = knownParse(kind, texts);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (value !== undefined) return undefined;
    setLost(false);
    return requestParse(kind, texts, (read) => {
      setLost(read === null);
      redraw((count) => count + 1);
    });
  }, [kind, ...texts]);
  return value === undefined && lost ? null : value;
}

function Link({ node }) {
  const { href, shown, same, children } = node;
  return html`
    <a href=${href} target="_blank" rel="noopener noreferrer" title=${href}><${Nodes} nodes=${children} /></a>
    ${!same && html`<span class="leads"> (${shown})</span>`}
  `;
}

function Table({ node }) {
  const { align, head, rows } = node;
  return html`
    <div class="md-table" role="region" aria-label="Table" tabindex="0">
      <table>
        <thead>
          <tr>${head.map((cell, at) => html`<th key=${at} data-align=${align[at]}><${Nodes} nodes=${cell} /></th>`)}</tr>
        </thead>
        <tbody>
          ${rows.map(
            (row, index) => html`
            <tr key=${index}>
              ${row.map((cell, at) => html`<td key=${at} data-align=${align[at]}><${Nodes} nodes=${cell} /></td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}

const items = (node) => node.items.map((item, at) => html`<li key=${at} dir="auto"><${Nodes} nodes=${item} /></li>`);

const VIEWS = {
  text: ({ text }) => text,
  mono: ({ text }) => html`<code>${text}</code>`,
  code: ({ text }) => html`<pre class="md-code"><code>${text}</code></pre>`,
  rule: () => html`<hr />`,
  paragraph: ({ children }) => html`<p dir="auto"><${Nodes} nodes=${children} /></p>`,
  lines: ({ children }) => html`<${Nodes} nodes=${children} />`,
  heading: ({ level, children }) => html`
    <p class="md-heading" data-level=${level} dir="auto"><${Nodes} nodes=${children} /></p>`,
  quote: ({ children }) => html`<blockquote><${Nodes} nodes=${children} /></blockquote>`,
  strong: ({ children }) => html`<strong><${Nodes} nodes=${children} /></strong>`,
  emphasis: ({ children }) => html`<em><${Nodes} nodes=${children} /></em>`,
  deleted: ({ children }) => html`<del><${Nodes} nodes=${children} /></del>`,
  link: (node) => html`<${Link} node=${node} />`,
  table: (node) => html`<${Table} node=${node} />`,
  bullets: (node) => html`<ul>${items(node)}</ul>`,
  ordered: (node) => html`<ol start=${node.start}>${items(node)}</ol>`,
};

function Nodes({ nodes }) {
  return nodes.map((node, at) => html`<${VIEWS[node.kind]} key=${at} ...${node} />`);
}

export const Markdown = memo(function Markdown({ text }) {
  const tree = useParsed("markdown", text);
  if (!tree) return html`<p dir="auto" data-prose aria-busy=${tree === undefined}>${text}</p>`;
  return html`<div class="markdown"><${Nodes} nodes=${tree} /></div>`;
});

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

export const Difference = memo(function Difference({ before, after, place }) {
  const lines = useParsed("difference", before, after);
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
