// The questions: open ones with the ways to answer them, ones between agents, and how the last ones ended.
import { html, memo, useId, useState } from "../ui.js";
import { openBetweenAgents, openForOperator, recentlyClosed } from "../state/questions.js";
import { Body } from "./body.js";
import { focusSection, useActions, useDraft, useTask } from "./context.js";
import { ConfirmButton, isSubmit, Problem, TextArea } from "./controls.js";
import { Disclosure } from "./disclosure.js";
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

function Options({ question, chosen, busy, onToggle, onAnswer }) {
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

const Question = memo(function Question({ question }) {
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
      <${Options} question=${question} chosen=${chosen} busy=${busy} onToggle=${toggle} onAnswer=${send} />
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

const ENDINGS = { answered: "answered by", cancelled: "cancelled by", expired: "expired" };

function Closed({ question }) {
  const { asker, target, state, closed_by: by } = question;
  return html`
    <div class="closed">
      <p class="meta">
        <span><bdi>${asker}</bdi> → <bdi>${target}</bdi></span>
        <span class="spacer"></span>
        <span>${ENDINGS[state]} ${state === "expired" ? "" : by} · <${Ago} at=${question.closed_at} /></span>
      </p>
      <${Body} text=${question.question} lines=${2} class="asked" />
      ${question.answer !== null && html`<${Body} text=${question.answer} lines=${3} class="answer" />`}
    </div>
  `;
}

export const Questions = memo(function Questions({ questions, ready }) {
  const mine = openForOperator(questions);
  const between = openBetweenAgents(questions);
  const closed = recentlyClosed(questions);
  return html`
    <section class="questions" aria-labelledby="questions-title">
      <div class="head">
        <h2 id="questions-title" tabindex="-1">
          Questions ${mine.length > 0 && html`<span class="count due">${mine.length}</span>`}
        </h2>
      </div>
      ${!mine.length && html`<p class="empty">${ready ? "No agent waits for your answer." : "Loading…"}</p>`}
      <ul>
        ${mine.map((question) => html`<li key=${question.id}><${Question} question=${question} /></li>`)}
      </ul>
      ${
        between.length > 0 &&
        html`<${Disclosure} name="between" label="Between agents" count=${between.length}>
        <ul>
          ${between.map((question) => html`<li key=${question.id}><${Question} question=${question} /></li>`)}
        </ul>
      </${Disclosure}>`
      }
      ${
        closed.length > 0 &&
        html`<${Disclosure} name="closed" label="Recently closed" count=${closed.length}>
        <ul>
          ${closed.map((question) => html`<li key=${question.id}><${Closed} question=${question} /></li>`)}
        </ul>
      </${Disclosure}>`
      }
    </section>
  `;
});
