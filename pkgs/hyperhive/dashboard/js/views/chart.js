// One chart of the stats: title, sum, drawing or table, and a legend with the numbers under the cursor; and the
// tools that were called.
import { html, memo, useState } from "../ui.js";
import { bucketTime, isEmpty, legend, summary, tableRows, toolRows } from "../chart_data.js";
import { now } from "../net/clock.js";
import { Plot } from "./plot.js";
import { Ago } from "./times.js";

function Total({ chart, report, index }) {
  if (index !== null) return html`<span class="chart-total">${bucketTime(report, index, now())}</span>`;
  if (chart.id !== "idle") return html`<span class="chart-total">${chart.total(report)}</span>`;
  return html`
    <span class="chart-total">
      ${report.last_turn_at === null ? "no turn yet" : html`last turn <${Ago} at=${report.last_turn_at} />`}
    </span>
  `;
}

function Swatch({ ink }) {
  return html`<span class="swatch" style=${{ background: `var(${ink})` }} aria-hidden="true"></span>`;
}

function Legend({ chart, report, index }) {
  return html`
    <ul class="legend">
      ${legend(chart, report, index).map(
        (one) => html`
        <li key=${one.label}><${Swatch} ink=${one.ink} />${one.label} <b class="number">${one.text}</b></li>`,
      )}
    </ul>
  `;
}

function Table({ chart, report }) {
  const rows = tableRows(chart, report, now());
  if (!rows.length) return html`<p class="none">Only zeros in this time.</p>`;
  return html`
    <div class="chart-table" tabindex="0" role="region" aria-label=${`${chart.title}, as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">time</th>
            ${chart.series.map((one) => html`<th key=${one.key} scope="col">${one.label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) => html`
            <tr key=${row.at}>
              <th scope="row">${row.time}</th>
              ${row.cells.map((cell, at) => html`<td key=${chart.series[at].key}>${cell}</td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** Props: `chart`, `report`, whether it is shown `asTable`, and those of the plot. */
export const Chart = memo(function Chart({ chart, report, asTable, group, onDrag, onWhole }) {
  const [index, setIndex] = useState(null);
  const empty = isEmpty(chart, report);
  // The cursor may stand behind the end of a report that has fewer buckets.
  const at = index !== null && report.since + report.step * index < report.until ? index : null;
  const drawing = asTable
    ? html`<${Table} chart=${chart} report=${report} />`
    : html`<${Plot} chart=${chart} report=${report} group=${group} label=${summary(chart, report)}
        onCursor=${setIndex} onDrag=${onDrag} onWhole=${onWhole} />`;
  return html`
    <section class="chart" data-chart=${chart.id} data-empty=${empty} aria-label=${chart.title}>
      <h3>${chart.title}<${Total} chart=${chart} report=${report} index=${asTable ? null : at} /></h3>
      ${empty ? html`<p class="none">Nothing in this time.</p>` : drawing}
      <${Legend} chart=${chart} report=${report} index=${asTable ? null : at} />
    </section>
  `;
});

export const ToolCounts = memo(function ToolCounts({ report }) {
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
