// Notifications in the header: a button that asks for permission, and a bell with everything else about them.
import { html, useEffect, useRef, useState } from "../ui.js";
import { useActions } from "./context.js";
import { Lazy } from "./lazy.js";

const LABELS = { on: "on", muted: "muted", off: "off" };

/** What the browser does now, and what the operator has said about it. */
export function useNotifier() {
  const { notifier } = useActions();
  const [state, setState] = useState(notifier.state);
  useEffect(() => notifier.subscribe(setState), [notifier]);
  return state;
}

function summary({ support, permission, muted }) {
  if (support !== "ok" || permission !== "granted") return "off";
  return muted ? "muted" : "on";
}

function Bell({ state }) {
  return html`
    <svg class="bell" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" data-state=${state}>
      <path d="M8 1.5a4 4 0 0 0-4 4v2.6L2.6 11.5h10.8L12 8.1V5.5a4 4 0 0 0-4-4Z" />
      <path d="M6.5 13.5a1.5 1.5 0 0 0 3 0" />
      ${state !== "on" && html`<path d="M2 2l12 12" />`}
    </svg>
  `;
}

export function Notify() {
  const { notifier } = useActions();
  const state = useNotifier();
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  const bell = useRef(null);
  const mark = summary(state);

  useEffect(() => {
    if (!open) return undefined;
    const close = () => setOpen(false);
    const outside = (event) => box.current.contains(event.target) || close();
    // Wherever the keyboard is, and before what lies below the menu is closed by it.
    function keyDown(event) {
      if (event.key !== "Escape" || event.target.closest?.("dialog")) return;
      event.preventDefault();
      close();
      bell.current.focus();
    }
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", keyDown, true);
    addEventListener("hashchange", close);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", keyDown, true);
      removeEventListener("hashchange", close);
    };
  }, [open]);

  // Where asking leads nowhere, the menu says why and what to do about it.
  async function ask() {
    if (state.support === "ok" && state.permission === "default") await notifier.ask();
    if (notifier.state.support !== "ok" || notifier.state.permission === "denied") setOpen(true);
  }

  return html`
    <div class="notify" ref=${box}>
      ${
        state.permission !== "granted" &&
        html`<button type="button" class="quiet ask" onClick=${ask}>Notify me</button>`
      }
      <button type="button" class="quiet" ref=${bell} aria-haspopup="dialog" aria-expanded=${open}
        aria-label="Notifications, ${LABELS[mark]}" title="Notifications are ${LABELS[mark]}"
        onClick=${() => setOpen(!open)}>
        <${Bell} state=${mark} />
      </button>
      ${
        open &&
        html`
        <div class="notify-menu" role="dialog" aria-label="Notifications">
          <${Lazy} id="notify" load=${() => import("./notify_menu.js").then((m) => m.View)} />
        </div>`
      }
    </div>
  `;
}
