// Where the operator writes: a recipient, a text, and what became of the last one.
import { html, useEffect, useId, useRef, useState } from "../ui.js";
import { counted } from "../format.js";
import { randomKey } from "../net/api.js";
import { Hex } from "./agents.js";
import { useActions, useDraft, useTask } from "./context.js";
import { choiceId, Choices, isSubmit, Problem, stepped, TextArea } from "./controls.js";

// Recipients whose name or note contains what was typed, those that begin with it first; a whole name
// offers all of them again.
function offered(recipients, typed) {
  const part = typed.trim().toLowerCase();
  if (recipients.some(({ name }) => name === part)) return recipients;
  const found = recipients.filter(({ name, note }) => name.includes(part) || note.includes(part));
  return [
    ...found.filter(({ name }) => name.startsWith(part)),
    ...found.filter(({ name }) => !name.startsWith(part)),
  ];
}

const row = ({ name, note, state }) => ({
  key: name,
  content: html`
    ${state ? html`<${Hex} state=${state} />` : html`<span class="hex"></span>`}
    <span>${name}</span><span class="aside">${note}</span>
  `,
});

function Recipient({ value, recipients, onInput, onDone }) {
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const id = useId();
  const choices = offered(recipients, value);
  const shown = open && choices.length > 0;

  function take(name) {
    onInput(name);
    setOpen(false);
    setAt(-1);
  }

  function type(event) {
    onInput(event.currentTarget.value);
    setOpen(true);
    setAt(0);
  }

  function move(event, step) {
    event.preventDefault();
    setOpen(true);
    setAt(shown ? stepped(at, step, choices.length) : 0);
  }

  function keyDown(event) {
    const choice = shown ? choices[at] : undefined;
    if (event.key === "ArrowDown") move(event, 1);
    else if (event.key === "ArrowUp") move(event, -1);
    else if (event.key === "Escape" && shown) {
      event.stopPropagation();
      setOpen(false);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (choice) take(choice.name);
      else setOpen(false);
      onDone();
    } else if (event.key === "Tab" && choice && value) take(choice.name);
  }

  return html`
    <div class="recipient">
      <label class="hidden" for="${id}-field">To</label>
      <input id="${id}-field" class="to" placeholder="To" value=${value}
        autocomplete="off" autocapitalize="off" spellcheck="false"
        role="combobox" aria-autocomplete="list" aria-expanded=${shown} aria-controls="${id}-list"
        aria-activedescendant=${shown ? choiceId(`${id}-list`, at) : null}
        onInput=${type} onKeyDown=${keyDown} onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} />
      <${Choices} id="${id}-list" label="Recipients" choices=${choices.map(row)} at=${at} shown=${shown}
        onTake=${(place) => {
          take(choices[place].name);
          onDone();
        }} />
    </div>
  `;
}

function outcome(result) {
  const refused = result.messages.filter((message) => message.state === "refused").length;
  const sent = result.messages.length - refused;
  const to = result.messages.length === 1 ? result.messages[0].recipient : counted(sent, "agent");
  return refused ? `Sent to ${to}, ${refused} refused` : `Sent to ${to}`;
}

const asWritten = (text) => ({ send: text });

/**
 * Props: `draft` names the kept text; `to` fixes the recipient, else `recipients` [{name, note}] are
 * offered; `inReplyTo` a message id; `hint` stands below; `focus` on appearing; `onSent` after success.
 * `onRead(text)` says what a text means: {send} a text, {run} something that resolves to what is said of it,
 * or {refuse} with a reason, and nothing is sent. `Field` is the text field, `label` its name.
 */
export function Composer({
  draft,
  to,
  recipients,
  inReplyTo = null,
  hint = "",
  focus,
  onSent,
  onRead = asWritten,
  Field = TextArea,
  label = to ? `Message to ${to}` : "Message",
  children,
}) {
  const actions = useActions();
  const [text, setText] = useDraft(draft);
  const [chosen, setChosen] = useDraft(`${draft}-to`);
  const [last, setLast] = useState("");
  const [refused, setRefused] = useState(null);
  const { busy, error, run } = useTask();
  const key = useRef(null);
  const field = useRef(null);
  const id = useId();
  const recipient = to ?? chosen.trim();
  const ready = Boolean(recipient && text.trim());

  useEffect(() => {
    if (focus) field.current.querySelector("textarea").focus();
  }, [focus]);

  function write(value) {
    key.current = null;
    setLast("");
    setRefused(null);
    setText(value);
  }

  async function send(body) {
    key.current ??= randomKey();
    setLast(outcome(await actions.send(recipient, body, inReplyTo, key.current)));
    key.current = null;
  }

  async function submit(event) {
    event.preventDefault();
    if (!ready) return;
    const meant = onRead(text);
    setRefused(meant.refuse ?? null);
    if (meant.refuse) return;
    const work = meant.run ? async () => setLast(await meant.run()) : () => send(meant.send);
    if (!(await run(work))) return;
    setText("");
    onSent?.(text);
  }

  function choose(value) {
    key.current = null;
    setLast("");
    setRefused(null);
    setChosen(value);
  }

  return html`
    <form class="composer" ref=${field} onSubmit=${submit}>
      ${children}
      <div class="write">
        ${
          !to &&
          html`<${Recipient} value=${chosen} recipients=${recipients} onInput=${choose}
          onDone=${() => field.current.querySelector("textarea").focus()} />`
        }
        <label class="hidden" for=${id}>${label}</label>
        <${Field} id=${id} value=${text} onInput=${write} placeholder=${label}
          title="Enter sends, Shift+Enter starts a new line"
          onKeyDown=${(event) => isSubmit(event) && submit(event)} />
        <button type="submit" class=${ready ? "primary" : ""} aria-disabled=${busy || !ready}>Send</button>
      </div>
      <div class="after" role="status">
        ${(refused ?? error) && html`<${Problem} text=${refused ?? error} />`}
        ${!refused && !error && html`<span class="aside">${busy ? "Sending…" : last || hint}</span>`}
      </div>
    </form>
  `;
}
