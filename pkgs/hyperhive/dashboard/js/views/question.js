// One open question and the ways to answer it: options, free text, or neither.
import { html, pure, useId, useState } from "../ui.js";
import { Body } from "./body.js";
import { ConfirmButton, Problem } from "./buttons.js";
import { focusSection, useActions, useDraft, useTask } from "./context.js";
import { isSubmit, TextArea } from "./textarea.js";
import { Ago, Countdown } from "./times.js";

function Head({ question }) {
  const { asker, target, deadline_at: deadline } = question;
  return html`
    <p class="meta">
      <strong><bdi>${asker}</bdi></strong>
      <span>${target === "operator" ? "asks you" : html`asks <bdi>${target}</bdi>`}</span>
      <span class="aside"><${Ago} at=${question.asked_at} /></span>
      <span class="spacer"></span>
      ${deadline !== null && html`<span class="aside">expires in <${Countdown} at=${deadline} /></span>`}
    </p>
  `;
}

function Choices({ question, chosen, busy, onToggle, onAnswer }) {
  if (!question.options.length) return null;
  if (!question.multi) {
    return html`
      <div class="options">
        ${question.options.map(
          (option, index) => html`
          <button key=${option} type="button" dir="auto" data-press=${index === 0 ? "options" : null}
            aria-disabled=${busy} onClick=${() => onAnswer(option)}>
            ${option}
          </button>`,
        )}
      </div>
    `;
  }
  return html`
    <fieldset class="options multi">
      <legend class="hidden">Choose any</legend>
      ${question.options.map(
        (option, index) => html`
        <label key=${option} dir="auto">
          <input type="checkbox" data-press=${index === 0 ? "options" : null} checked=${chosen.includes(option)} onChange=${() => onToggle(option)} />
          <span>${option}</span>
        </label>`,
      )}
    </fieldset>
  `;
}

export const Question = pure(function Question({ question }) {
  const actions = useActions();
  const [text, setText] = useDraft(`question-${question.id}`);
  const [chosen, setChosen] = useState([]);
  const { busy, error, run } = useTask();
  const field = useId();

  // Options in the order they were offered, then what was typed.
  const picked = question.options.filter((option) => chosen.includes(option));
  const answer = [...picked, ...(text.trim() ? [text.trim()] : [])].join(", ");

  async function close(work) {
    if (await run(work)) {
      setText("");
      focusSection("questions");
    }
  }
  const send = (value) => value && close(() => actions.answer(question.id, value));
  const toggle = (option) =>
    setChosen(chosen.includes(option) ? chosen.filter((one) => one !== option) : [...chosen, option]);

  function submit(event) {
    event.preventDefault();
    send(answer);
  }

  return html`
    <form class="question" data-row id="question-${question.id}" tabindex="-1" data-busy=${busy} onSubmit=${submit}>
      <${Head} question=${question} />
      <${Body} text=${question.question} lines=${12} class="asked" />
      <${Choices} question=${question} chosen=${chosen} busy=${busy} onToggle=${toggle} onAnswer=${send} />
      <div class="write">
        <label class="hidden" for=${field}>Answer in your own words</label>
        <${TextArea} id=${field} value=${text} onInput=${setText}
          data-press=${question.options.length ? null : "options"}
          placeholder=${question.options.length ? "Or in your own words" : "Your answer"}
          onKeyDown=${(event) => isSubmit(event) && submit(event)} />
        <button type="submit" class=${answer ? "primary" : ""} aria-disabled=${busy || !answer}>Answer</button>
      </div>
      <div class="under">
        ${error && html`<${Problem} text=${error} />`}
        <${ConfirmButton} label="Cancel question" confirm="Cancel it: no answer will come" busy=${busy}
          onConfirm=${() => close(() => actions.cancelQuestion(question.id))} />
      </div>
    </form>
  `;
});
