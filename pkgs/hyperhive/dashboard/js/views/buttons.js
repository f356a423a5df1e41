// Buttons that need more than a click: one that asks back, and the sentence of a failed call.
import { html, useEffect, useState } from "../ui.js";

const ASKING_MS = 5000;

/** A second click within five seconds does it; focus stays where it was. */
export function ConfirmButton({ label, confirm, busy, onConfirm }) {
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    if (!asking) return undefined;
    const timer = setTimeout(() => setAsking(false), ASKING_MS);
    return () => clearTimeout(timer);
  }, [asking]);
  function click() {
    if (busy) return;
    if (asking) onConfirm();
    setAsking(!asking);
  }
  return html`
    <button type="button" class="quiet ${asking ? "danger" : ""}" aria-disabled=${busy} onClick=${click}>
      ${asking ? confirm : label}
    </button>
  `;
}

export function Problem({ text }) {
  return html`<p class="problem" role="alert">${text}</p>`;
}
