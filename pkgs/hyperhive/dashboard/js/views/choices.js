// A list of what could be chosen, above or below the field that it belongs to.
import { html, useEffect, useRef } from "../ui.js";

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
