// Which tools were called how often: a bar and a number each, the most used first.
import { html, pure } from "../ui.js";
import { toolRows } from "../chart_data.js";

export const ToolCounts = pure(function ToolCounts({ report }) {
  const rows = toolRows(report);
  return html`
    <section class="chart tools" data-chart="tools" aria-label="Tools">
      <h3>Tools<span class="chart-total">calls</span></h3>
      ${!rows.length && html`<p class="none">Nothing in this time.</p>`}
      <ol>
        ${rows.map(
          (row) => html`
          <li key=${row.name}>
            <span class="tool-name"><bdi>${row.name === "other" ? "all others" : row.name}</bdi></span>
            <span class="bar" aria-hidden="true"><i style=${{ width: `${100 * row.share}%` }}></i></span>
            <b class="number">${row.count}</b>
          </li>`,
        )}
      </ol>
    </section>
  `;
});
