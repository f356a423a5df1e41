// One tool call of an agent's log: what was called with what, whether it was refused, and what came of it.
import { html } from "../ui.js";
import { describeEvent } from "../events.js";
import { counted, stopwatch, textLength } from "../format.js";
import { Body } from "./body.js";
import { useNow } from "./context.js";
import { RowDisclosure } from "./disclosure.js";
import { Difference, Markdown } from "./parsed.js";

/** A call that took less is not worth a number. */
const SLOW_SECONDS = 1;

const FORMS = {
  text: ({ part, place }) => html`<${Body} text=${part.text} lines=${6} place=${place} class=${part.label ? "mono" : ""} />`,
  code: ({ part, place }) => html`<${Body} text=${part.text} lines=${8} place=${place} class="mono" />`,
  ran: ({ part, place }) => html`<${Body} text=${part.text} lines=${4} characters=${300} place=${place} class="mono" />`,
  prose: ({ part, place }) => html`<${Body} text=${part.text} lines=${16} characters=${1600} place=${place} form=${Markdown} />`,
  difference: ({ part, place }) => html`<${Difference} before=${part.before} after=${part.after} place=${place} />`,
};

function Part({ part, place }) {
  return html`
    <div class="part" data-form=${part.form}>
      ${part.label && html`<span class="label">${part.label}</span>`}
      <${FORMS[part.form]} part=${part} place=${place} />
    </div>
  `;
}

/** Props: `tool` of describeTool, `place` a name for what is unfolded; children stand behind the headline. */
export function Tool({ tool, place, children }) {
  return html`
    <p class="tool" dir="auto">
      <strong>${tool.name}</strong> ${tool.headline && html`<code>${tool.headline}</code>`}
      ${tool.note && html` <span class="aside">${tool.note}</span>`}${children}
    </p>
    ${tool.parts.map((part, index) => html`<${Part} key=${index} part=${part} place=${`${place}-${index}`} />`)}
  `;
}

function isShort(text) {
  return text.length <= 120 && !text.includes("\n");
}

/** Props: `id` of the event, `result` of describeEvent. */
export function Result({ id, result }) {
  const { failed } = result;
  const text = result.text.trim();
  if (!text) return html`<p class="aside result">${failed ? "failed" : "done"}, no output</p>`;
  if (isShort(text)) {
    return html`<p class="result" dir="auto" data-failed=${failed}>${failed && "Failed: "}<code>${text}</code></p>`;
  }
  const lines = text.split("\n");
  const long = lines.length > 1 ? counted(lines.length, "line") : textLength(text);
  return html`
    <div class="result" data-failed=${failed}>
      <${RowDisclosure} name="result-${id}" label="${failed ? "Failed" : "Result"}, ${long}" preview=${lines[0].slice(0, 200)}>
        <${Body} text=${result.text} lines=${40} characters=${4000} class="mono" place="result-${id}" />
      </${RowDisclosure}>
    </div>
  `;
}

function Running({ since }) {
  return html` <span class="aside number running">running ${stopwatch(useNow() - since)}</span>`;
}

function Took({ event, result }) {
  const seconds = result.ts - event.ts;
  return seconds >= SLOW_SECONDS && html` <span class="aside number">${stopwatch(seconds)}</span>`;
}

/** Why a call was refused: {rule, text} of describeEvent. */
export function Refusal({ refusal, place }) {
  return html`
    <p class="verdict">Refused by <code>${refusal.rule}</code></p>
    <${Body} text=${refusal.text} lines=${4} place=${place} />
  `;
}

/** Props: the row of a `tool_use` event, and `tool` of describeTool. */
export function ToolCall({ row, tool }) {
  const { event, result, refusal, running } = row;
  const place = `log-${event.id}`;
  const came = result && !refusal && describeEvent(result);
  return html`
    <${Tool} tool=${tool} place=${place}>
      ${result && !refusal && html`<${Took} event=${event} result=${result} />`}
      ${running && !result && !refusal && html`<${Running} since=${event.ts} />`}
    </${Tool}>
    ${refusal && html`<${Refusal} refusal=${describeEvent(refusal)} place=${`${place}-refusal`} />`}
    ${came && came.runs && html`<${Part} part=${{ form: "ran", label: "ran as", text: came.runs }} place=${`${place}-runs`} />`}
    ${came && html`<${Result} id=${result.id} result=${came} />`}
  `;
}
