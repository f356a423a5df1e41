// A text field that grows with its text; Enter submits it, Shift+Enter starts a new line.
import { html } from "../ui.js";

/** Enter alone, and not the Enter that ends an input method's composition. */
export function isSubmit(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing;
}

export function TextArea({ value, onInput, ...rest }) {
  return html`<textarea rows="1" dir="auto" spellcheck="true" value=${value}
    onInput=${(event) => onInput(event.currentTarget.value)} ...${rest}></textarea>`;
}
