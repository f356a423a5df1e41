// Buttons, fields and lists that more than one view has.
import { html, useEffect, useRef, useState } from "../ui.js";

const ASKING_MS = 5000;

/**
 * A second click within five seconds does it, or the first where `confirm` is not given; focus stays where
 * it was. `loud` looks like a button before anybody points at it.
 */
export function ConfirmButton({ label, confirm, busy, loud, onConfirm }) {
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    if (!asking) return undefined;
    const timer = setTimeout(() => setAsking(false), ASKING_MS);
    return () => clearTimeout(timer);
  }, [asking]);
  function click() {
    if (busy) return;
    if (asking || !confirm) onConfirm();
    setAsking(!asking && Boolean(confirm));
  }
  const sure = asking && !busy && confirm;
  return html`
    <button type="button" class="${loud ? "" : "quiet"} ${sure ? "danger" : ""}" aria-disabled=${busy}
      onClick=${click}>
      ${sure ? confirm : label}
    </button>
  `;
}

export function Problem({ text }) {
  return html`<p class="problem" role="alert">${text}</p>`;
}

/** Enter alone; that of an input method gets nowhere. */
export function isSubmit(event) {
  return event.key === "Enter" && !event.shiftKey;
}

export function TextArea({ value, onInput, ...rest }) {
  return html`<textarea rows="1" dir="auto" spellcheck="true" value=${value}
    onInput=${(event) => onInput(event.currentTarget.value)} ...${rest}></textarea>`;
}

/** Id of the choice that the field's `aria-activedescendant` names; null where none is marked. */
export const choiceId = (id, at) => (at >= 0 ? `${id}-${at}` : null);

/** The place `step` further in a list of `count` that has no end; from nowhere, its first or last. */
export function stepped(at, step, count) {
  if (!count) return -1;
  return at < 0 ? (step > 0 ? 0 : count - 1) : (at + step + count) % count;
}

/**
 * Props: `id` of the list, its `label`, `choices` [{key, content}], the marked one's place `at`, `shown`,
 * `onTake(place)`. A press takes a choice and leaves the keyboard where it is.
 */
export function Choices({ id, label, choices, at, shown, onTake }) {
  const list = useRef(null);
  useEffect(() => {
    list.current.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at, shown]);
  return html`
    <ul id=${id} class="choices" role="listbox" aria-label=${label} hidden=${!shown} ref=${list}>
      ${choices.map(
        ({ key, content }, index) => html`
        <li key=${key} id=${choiceId(id, index)} role="option" aria-selected=${index === at}
            onPointerDown=${(event) => {
              event.preventDefault();
              onTake(index);
            }}>
          ${content}
        </li>`,
      )}
    </ul>
  `;
}
