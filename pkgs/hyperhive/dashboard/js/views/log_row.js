// One row of an agent's live log. What it shows was made plain text and numbers by events.js.
import { html, memo } from "../ui.js";
import { describeEvent } from "../events.js";
import { Body, Prose } from "./body.js";
import { Markdown } from "./parsed.js";
import { At } from "./times.js";
import { Refusal, Result, Tool, ToolCall } from "./tool_call.js";

const placeOf = ({ id }) => `log-${id}`;

function Outcome({ row }) {
  const end = row.end && describeEvent(row.end);
  if (end) return html`<span class="outcome" data-result=${end.result}>${end.result}</span>`;
  return row.running && html`<span class="outcome" data-result="running">running</span>`;
}

// The begin of a turn leads to the turn from where only the begins are shown.
function TurnHead({ it, row, onTurn }) {
  const words = html`<span>Turn</span> <${Outcome} row=${row} />`;
  return html`
    <p class="rule-line">
      ${onTurn ? html`<button type="button" class="quiet" onClick=${() => onTurn(row.event.id)}>${words}</button>` : words}
      ${
        it.messages.length > 0 &&
        html`<span class="aside">with ${it.messages.map((id) => `#${id}`).join(", ")}</span>`
      }
      ${onTurn && row.end && html`<span class="aside number">${describeEvent(row.end).facts}</span>`}
    </p>
    ${it.text && html`<${Body} text=${it.text} lines=${onTurn ? 1 : 3} class="prompt" place=${placeOf(row.event)} form=${Prose} />`}
  `;
}

function TurnEnd({ it, row }) {
  return html`
    <p class="rule-line">
      <span>Turn <span class="outcome" data-result=${it.result}>${it.result}</span></span>
      <span class="aside number">${it.facts}</span>
    </p>
    ${it.text && html`<${Body} text=${it.text} lines=${6} place=${placeOf(row.event)} />`}
  `;
}

const ROWS = {
  turn_start: TurnHead,
  turn_end: TurnEnd,
  text: ({ it, row }) =>
    html`<${Body} text=${it.text} lines=${40} characters=${3000} place=${placeOf(row.event)} form=${Markdown} />`,
  thinking: ({ it, row }) =>
    html`<${Body} text=${it.text} lines=${3} class="thinking" place=${placeOf(row.event)} form=${Prose} />`,
  note: ({ it, row }) => html`<${Body} text=${it.text} lines=${6} place=${placeOf(row.event)} />`,
  tool_use: ({ it, row }) => html`<${ToolCall} row=${row} tool=${it.tool} />`,
  tool_result: ({ it, row }) => html`<${Result} id=${row.event.id} result=${it} />`,
  refused: ({ it, row }) => html`
    <${Tool} tool=${it.tool} place=${placeOf(row.event)} />
    <${Refusal} refusal=${it} place=${`${placeOf(row.event)}-refusal`} />
  `,
  other: ({ it, row }) => html`
    <p class="aside">${it.name}</p>
    <${Body} text=${it.text} lines=${6} class="mono" place=${placeOf(row.event)} />
  `,
};

function markOf(it, row) {
  if (it.kind === "turn_end") return it.result;
  if (it.kind === "note") return it.level;
  return it.kind === "refused" || row.refusal ? "refused" : null;
}

/** Props: `row` of state/log_rows.js, and `onTurn(id)` where the begin of a turn leads to it. */
export const LogRow = memo(function LogRow({ row, onTurn }) {
  const { event, end } = row;
  const it = describeEvent(event);
  const failed = end !== null && describeEvent(end).result !== "ok";
  return html`
    <div class="entry" data-row tabindex="-1" data-kind=${it.kind} data-mark=${markOf(it, row)}
         data-turn=${event.turn !== null} data-failed=${failed}>
      <${At} at=${event.ts} />
      <div class="what"><${ROWS[it.kind]} it=${it} row=${row} onTurn=${onTurn} /></div>
    </div>
  `;
});
