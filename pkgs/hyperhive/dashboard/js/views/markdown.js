// A text in markdown. What it is made of was read into plain data; here every kind has its element.
import { html, pure } from "../ui.js";
import { useReading } from "./reading.js";

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

export const Markdown = pure(function Markdown({ text }) {
  const tree = useReading("markdown", text);
  if (!tree) return html`<p dir="auto" aria-busy=${tree === undefined}>${text}</p>`;
  return html`<div class="markdown"><${Nodes} nodes=${tree} /></div>`;
});
