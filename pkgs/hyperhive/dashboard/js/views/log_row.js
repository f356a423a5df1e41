// One row of an agent's live log. What it shows was made plain text and numbers by events.js.
import { html, pure } from "../ui.js";
import { describeEvent } from "../events.js";
import { textLength } from "../format.js";
import { Body } from "./body.js";
import { RowFold } from "./fold.js";
import { At } from "./times.js";

function Tool({ id, tool }) {
  return html`
    <p class="tool" dir="auto"><strong>${tool.name}</strong> <code>${tool.headline}</code></p>
    ${tool.parts.map(
      ({ label, text }, index) => html`
      <div key=${index} class="part">
        ${label && html`<span class="label">${label}</span>`}
        <${Body} place="log-${id}-${index}" text=${text} lines=${4} class=${label ? "mono" : ""} />
      </div>`,
    )}
  `;
}

function Result({ id, result }) {
  const { text, failed } = result;
  if (!text.trim()) return html`<p class="aside">${failed ? "failed" : "done"}, no output</p>`;
  if (!failed && text.length <= 120 && !text.trim().includes("\n")) {
    return html`<p class="result" dir="auto"><code>${text.trim()}</code></p>`;
  }
  return html`
    <div class="result" data-failed=${failed}>
      <${RowFold} name="result-${id}" label="${failed ? "Failed" : "Result"}, ${textLength(text)}">
        <${Body} place="log-${id}" text=${text} lines=${40} class="mono" />
      </${RowFold}>
    </div>
  `;
}

const ROWS = {
  turn_start: ({ it, event }) => html`
    <p class="rule-line">
      <span>Turn begins</span>
      ${
        it.messages.length > 0 &&
        html`<span class="aside">with ${it.messages.map((id) => `#${id}`).join(", ")}</span>`
      }
    </p>
    ${it.text && html`<${Body} place="log-${event.id}" text=${it.text} lines=${3} class="prompt" />`}
  `,
  text: ({ it, event }) => html`<${Body} place="log-${event.id}" text=${it.text} lines=${24} />`,
  thinking: ({ it, event }) => html`<${Body} place="log-${event.id}" text=${it.text} lines=${3} class="thinking" />`,
  tool_use: ({ it, event, result }) => html`
    <${Tool} id=${event.id} tool=${it.tool} />
    ${result && html`<${Result} id=${result.id} result=${describeEvent(result)} />`}
  `,
  tool_result: ({ it, event }) => html`<${Result} id=${event.id} result=${it} />`,
  refused: ({ it, event }) => html`
    <p class="verdict">Refused by <code>${it.rule}</code></p>
    <${Tool} id=${event.id} tool=${it.tool} />
    <${Body} place="log-${event.id}" text=${it.text} lines=${4} />
  `,
  note: ({ it, event }) => html`<${Body} place="log-${event.id}" text=${it.text} lines=${6} />`,
  turn_end: ({ it, event }) => html`
    <p class="rule-line"><span>Turn ${it.result}</span><span class="aside number">${it.facts}</span></p>
    ${it.text && html`<${Body} place="log-${event.id}" text=${it.text} lines=${6} />`}
  `,
  state: ({ it, event }) =>
    html`<p class="aside" dir="auto">now ${it.state.replaceAll("_", " ")}${it.text && `: ${it.text}`}</p>`,
  other: ({ it, event }) => html`<p class="aside">${it.name}</p><${Body} place="log-${event.id}" text=${it.text} lines=${6} class="mono" />`,
};

/** Props: `event`, and the `result` event that belongs to a tool call, or null. */
export const LogRow = pure(function LogRow({ event, result }) {
  const it = describeEvent(event);
  const mark = it.kind === "turn_end" ? it.result : it.kind === "note" ? it.level : null;
  const row = ROWS[it.kind];
  return html`
    <div class="entry" data-kind=${it.kind} data-mark=${mark}>
      <${At} at=${event.ts} />
      <div class="what">${row({ it, event, result })}</div>
    </div>
  `;
});
