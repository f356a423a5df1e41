// The upper end of a list that pages back: more, the wait for it, what went wrong, or the beginning.
import { html } from "../ui.js";

/** Props: `loading`, `error`, `more` whether there is an older page, `label` of its button, `onOlder`. */
export function Edge({ loading, error, more, label, onOlder }) {
  const button = (text) => html`<button type="button" class="quiet" onClick=${onOlder}>${text}</button>`;
  if (loading) return html`<p class="edge">Loading…</p>`;
  if (error) return html`<p class="edge">${error} ${button("Try again")}</p>`;
  return html`<p class="edge">${more ? button(label) : "The beginning"}</p>`;
}
