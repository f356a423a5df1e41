// One message of the flow: who to whom, what became of it, and its text.
import { html, memo } from "../ui.js";
import { clock, counted } from "../format.js";
import { MESSAGE_KINDS, MESSAGE_STATES, refusal } from "../labels.js";
import { Body, Prose } from "./body.js";
import { At } from "./times.js";

function State({ message }) {
  const { state, turn, redelivered, deliveries } = message;
  const title = turn ? `${MESSAGE_STATES[state]} (turn ${turn})` : MESSAGE_STATES[state];
  return html`
    ${redelivered && html`<span class="state again" title="leased ${deliveries} times">redelivered</span>`}
    <span class="state" data-state=${state} title=${title}>${state}</span>
  `;
}

function Kind({ message }) {
  const word = MESSAGE_KINDS[message.kind];
  const question = message.question === null ? "" : ` ${message.question}`;
  return html`
    ${word && html`<span class="tag">${word}${question}</span>`}
    ${message.broadcast && html`<span class="tag">to everyone</span>`}
  `;
}

/** Props: `message`, and `onReply(message)` where a reply is possible. */
export const Message = memo(function Message({ message, onReply }) {
  const { id, sender, recipient, state, in_reply_to: replyTo, sent_at: sentAt } = message;
  return html`
    <article class="message" data-row tabindex="-1" data-state=${state} data-own=${sender === "operator"}>
      <p class="meta">
        <${At} at=${sentAt} title="#${id}, ${clock(sentAt, 0)}" />
        <span class="route">
          <bdi>${sender}</bdi><span class="arrow" aria-label="to">→</span><bdi>${recipient}</bdi>
        </span>
        <${Kind} message=${message} />
        ${
          replyTo !== null &&
          html`<span class="aside" title="reply to message ${replyTo}">↳ #${replyTo}</span>`
        }
        <span class="spacer"></span>
        ${
          onReply &&
          html`<button type="button" class="quiet act" data-press="reply" aria-label="Reply to ${sender}"
          onClick=${() => onReply(message)}>Reply</button>`
        }
        <${State} message=${message} />
      </p>
      <${Body} text=${message.body} place="message-${id}" form=${Prose} />
      ${
        state === "refused" &&
        html`<p class="rule"><code>${message.refused_rule}</code> ${refusal(message)}</p>`
      }
      ${
        message.failures > 0 &&
        html`<div class="rule">
          ${counted(message.failures, "turn")} failed with it: <${Body} text=${message.error || "no reason was given"} lines=${3} />
        </div>`
      }
    </article>
  `;
});
