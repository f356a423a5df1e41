// Buttons that need more than a click: one that asks back, and the sentence of a failed call.
import { html, useEffect, useState } from "../ui.js";

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
