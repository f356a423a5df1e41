// The operator's inbox: unread messages, oldest first, each with its reply.
import { html, pure, useState } from "../ui.js";
import { MESSAGE_KINDS } from "../words.js";
import { Body } from "./body.js";
import { Problem } from "./buttons.js";
import { Composer } from "./composer.js";
import { focusSection, useActions, useTask } from "./context.js";
import { Ago } from "./times.js";

function useRead(rows) {
  const { markRead } = useActions();
  const task = useTask();
  async function read() {
    if (await task.run(() => markRead(rows.map((row) => row.id)))) focusSection("inbox");
  }
  return { ...task, read };
}

const Letter = pure(function Letter({ message }) {
  const { id, sender, kind } = message;
  const place = `reply:${id}`;
  const [replying, setReplying] = useState(() => sessionStorage.getItem(place) !== null);
  const { busy, error, read } = useRead([message]);
  const answerable = sender !== "system";

  function open(value) {
    if (value) sessionStorage.setItem(place, "open");
    else sessionStorage.removeItem(place);
    setReplying(value);
  }

  function sent() {
    open(false);
    read();
  }

  return html`
    <article class="letter" data-row tabindex="-1" aria-label="Message from ${sender}">
      <p class="meta">
        <strong><bdi>${sender}</bdi></strong>
        ${MESSAGE_KINDS[kind] && html`<span class="tag">${MESSAGE_KINDS[kind]}</span>`}
        ${message.broadcast && html`<span class="tag">to everyone</span>`}
        <span class="aside"><${Ago} at=${message.sent_at} /></span>
        <span class="spacer"></span>
        ${
          answerable &&
          html`<button type="button" class="quiet" data-press="reply" aria-expanded=${replying}
            onClick=${() => open(!replying)}>
            Reply
          </button>`
        }
        <button type="button" class="quiet" data-press="read" aria-disabled=${busy} onClick=${read}>Mark read</button>
      </p>
      <${Body} text=${message.body} lines=${12} />
      ${
        replying &&
        html`<${Composer} draft="reply-${id}" to=${sender} inReplyTo=${id} focus=${true}
        hint="Sending marks the message read" onSent=${sent} />`
      }
      ${error && html`<${Problem} text=${error} />`}
    </article>
  `;
});

export const Inbox = pure(function Inbox({ inbox, ready }) {
  const { rows, partial } = inbox;
  const { busy, error, read } = useRead(rows);
  return html`
    <section class="inbox" aria-labelledby="inbox-title">
      <div class="head">
        <h2 id="inbox-title" tabindex="-1">
          Inbox ${rows.length > 0 && html`<span class="count due">${rows.length}${partial ? "+" : ""}</span>`}
        </h2>
        <span class="spacer"></span>
        ${
          rows.length > 1 &&
          html`<button type="button" class="quiet" aria-disabled=${busy} onClick=${read}>Mark all read</button>`
        }
      </div>
      ${error && html`<${Problem} text=${error} />`}
      ${!rows.length && html`<p class="empty">${ready ? "No unread messages." : "Loading…"}</p>`}
      <ul>
        ${rows.map((message) => html`<li key=${message.id}><${Letter} message=${message} /></li>`)}
      </ul>
    </section>
  `;
});
