// The questions: open ones with their answer form, ones between agents, and how the last ones ended.
import { html, pure } from "../ui.js";
import { openBetweenAgents, openForOperator, recentlyClosed } from "../state/questions.js";
import { Body } from "./body.js";
import { Fold } from "./fold.js";
import { Question } from "./question.js";
import { Ago } from "./times.js";

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

export const Questions = pure(function Questions({ questions, ready }) {
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
        html`<${Fold} name="between" label="Between agents" count=${between.length}>
        <ul>
          ${between.map((question) => html`<li key=${question.id}><${Question} question=${question} /></li>`)}
        </ul>
      </${Fold}>`
      }
      ${
        closed.length > 0 &&
        html`<${Fold} name="closed" label="Recently closed" count=${closed.length}>
        <ul>
          ${closed.map((question) => html`<li key=${question.id}><${Closed} question=${question} /></li>`)}
        </ul>
      </${Fold}>`
      }
    </section>
  `;
});
