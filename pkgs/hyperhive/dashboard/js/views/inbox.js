// The operator's inbox: unread messages, oldest first, each with its reply.
import { html, memo, useEffect, useState } from "../ui.js";
import { MESSAGE_KINDS } from "../labels.js";
import { hasMore } from "../state/inbox.js";
import { Body, Prose } from "./body.js";
import { Composer } from "./composer.js";
import { focusSection, useActions, useTask } from "./context.js";
import { Problem } from "./controls.js";
import { Ago } from "./times.js";

function useRead(rows) {
  const { markRead } = useActions();
  const task = useTask();
  async function read() {
    if (await task.run(() => markRead(rows.map((row) => row.id)))) focusSection("inbox");
  }
  return { ...task, read };
}

const InboxMessage = memo(function InboxMessage({ message }) {
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
    <article class="inbox-message" id="message-${id}" data-row tabindex="-1" aria-label="Message from ${sender}">
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
      <${Body} text=${message.body} lines=${12} form=${Prose} />
      ${
        replying &&
        html`<${Composer} draft="reply-${id}" to=${sender} inReplyTo=${id} focus=${true}
        hint="Sending marks the message read" onSent=${sent} />`
      }
      ${error && html`<${Problem} text=${error} />`}
    </article>
  `;
});

// Messages that are in the page at a time: each has fields and buttons, and they are read from the top.
const SHOWN = 40;

function More({ inbox, hidden, onMore }) {
  if (inbox.status === "after") return html`<p class="edge">Loading…</p>`;
  const label = inbox.error ? "Try again" : `Show ${hidden} more`;
  return html`
    <p class="edge">${inbox.error}${" "}
      <button type="button" class="quiet" onClick=${onMore}>${label}</button>
    </p>
  `;
}

// The message that the address named, where it stands behind those that are in the page.
function useSought({ sought, seeking }, message, shown) {
  const { seekMessage } = useActions();
  // A new snapshot begins with the first page again.
  const lost = sought !== null && !message && !seeking;
  useEffect(() => {
    if (lost) seekMessage(sought);
  }, [lost]);
  return shown.includes(message) ? undefined : message;
}

/** Props: `inbox`, its `rows`, `sought` the message that an address named, and `ready`. */
export const Inbox = memo(function Inbox({ inbox, rows, sought, ready }) {
  const { fetchPage } = useActions();
  const { unread, after, opened } = inbox;
  const [most, setMost] = useState(SHOWN);
  const shown = rows.slice(0, most);
  const behind = useSought(inbox, sought, shown);
  const hidden = unread - shown.length - (behind ? 1 : 0);
  const { busy, error, read } = useRead(shown);
  const lacks = hasMore(inbox) && rows.length < most;
  const more = () => fetchPage("inbox", "after", after);
  useEffect(() => {
    if (lacks && !inbox.error) more();
  }, [lacks, after, opened]);
  return html`
    <section class="inbox" aria-labelledby="inbox-title">
      <div class="head">
        <h2 id="inbox-title" tabindex="-1">
          Inbox ${unread > 0 && html`<span class="count due">${unread}</span>`}
        </h2>
        <span class="spacer"></span>
        ${
          shown.length > 1 &&
          html`<button type="button" class="quiet" aria-disabled=${busy} onClick=${read}>
            ${hidden > 0 ? `Mark these ${shown.length} read` : "Mark all read"}
          </button>`
        }
      </div>
      ${error && html`<${Problem} text=${error} />`}
      ${!unread && html`<p class="empty">${ready ? "No unread messages." : "Loading…"}</p>`}
      <ul>
        ${shown.map((message) => html`<li key=${message.id}><${InboxMessage} message=${message} /></li>`)}
      </ul>
      ${
        hidden > 0 &&
        html`<${More} inbox=${inbox} hidden=${Math.min(hidden, SHOWN)}
          onMore=${() => (inbox.error ? more() : setMost(most + SHOWN))} />`
      }
      ${behind && html`<ul><li key=${behind.id}><${InboxMessage} message=${behind} /></li></ul>`}
    </section>
  `;
});
