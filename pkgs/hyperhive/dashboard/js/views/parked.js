// Parked mail: each message with what its turns failed with, to be tried again or given up.
import { html, memo } from "../ui.js";
import { counted } from "../format.js";
import { Body } from "./body.js";
import { useActions, useTask } from "./context.js";
import { ConfirmButton, Problem } from "./controls.js";
import { Ago } from "./times.js";

const Parked = memo(function Parked({ message, place }) {
  const { id, sender, recipient, failures } = message;
  const { retryMessage, dropMessage } = useActions();
  const { busy, error, run } = useTask();
  return html`
    <article class="parked" id=${place && `${place}-${id}`} data-row tabindex="-1" data-busy=${busy}
      aria-label="Parked message ${id} from ${sender} to ${recipient}">
      <p class="meta">
        <strong><bdi>${sender}</bdi><span class="arrow" aria-label="to"> → </span><bdi>${recipient}</bdi></strong>
        <span class="aside">#${id}, sent <${Ago} at=${message.sent_at} /></span>
      </p>
      <${Body} text=${message.error || "No reason was given."} lines=${4} class="reason" />
      <${Body} text=${message.body} lines=${3} characters=${200} class="asked" />
      <div class="under">
        ${error && html`<${Problem} text=${error} />`}
        <span class="aside">${counted(failures, "turn")} failed with it</span>
        <span class="spacer"></span>
        <button type="button" class="quiet" aria-disabled=${busy} onClick=${() => run(() => retryMessage(id))}>
          Retry
        </button>
        <${ConfirmButton} label="Drop" confirm="Drop it: nobody will get it" busy=${busy}
          onConfirm=${() => run(() => dropMessage(id))} />
      </div>
    </article>
  `;
});

/** Props: the messages `rows`, and `place`: what their ids in the page begin with, null for none. */
export const ParkedList = memo(function ParkedList({ rows, place = null }) {
  return html`
    <ul>${rows.map((message) => html`<li key=${message.id}><${Parked} message=${message} place=${place} /></li>`)}</ul>
  `;
});

/** Of the whole hive; nothing while nothing is parked. Props: the slice `parked`. */
export const ParkedMail = memo(function ParkedMail({ parked: { rows, more } }) {
  if (!rows.length) return null;
  return html`
    <section class="parked-mail" aria-labelledby="parked-title">
      <div class="head">
        <h2 id="parked-title" tabindex="-1">Parked mail <span class="count due">${rows.length}</span></h2>
      </div>
      <p class="aside">The turns that carried these failed. The other mail goes on without them.</p>
      <${ParkedList} rows=${rows} place="parked" />
      ${more && html`<p class="edge">There is more: <code>hyperhive parked</code> lists all.</p>`}
    </section>
  `;
});
