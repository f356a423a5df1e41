// A field for a recipient's name with completion: arrows choose, Enter or Tab takes it.
import { html, useId, useState } from "../ui.js";
import { Choices, choiceId, stepped } from "./choices.js";
import { Hex } from "./hex.js";

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

export function Recipient({ value, recipients, onInput, onDone }) {
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
    } else if (event.key === "Enter" && !event.isComposing) {
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
