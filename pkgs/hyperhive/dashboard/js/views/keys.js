// The list of keys, in a dialog that holds the keyboard until it is closed.
import { html, useEffect, useRef, useState } from "../ui.js";
import { KEYS } from "../keys.js";
import { keysAreOn, turnKeys } from "./shortcuts.js";

function Typed({ typed }) {
  return typed.split(" ").map((key, index) => html`${index > 0 && " "}<kbd>${key}</kbd>`);
}

function Group({ title, keys }) {
  return html`
    <section>
      <h3>${title}</h3>
      <dl>
        ${keys.map(
          ([typed, , words]) => html`
          <div key=${typed}><dt><${Typed} typed=${typed} /></dt><dd>${words}</dd></div>`,
        )}
      </dl>
    </section>
  `;
}

function Switch() {
  const [on, setOn] = useState(keysAreOn);
  function change(event) {
    turnKeys(event.currentTarget.checked);
    setOn(keysAreOn());
  }
  return html`
    <label class="switch">
      <input type="checkbox" checked=${on} onChange=${change} />
      <span>Single letters are commands. Without it, this list opens from the bar on top.</span>
    </label>
  `;
}

export function View({ onClose }) {
  const box = useRef(null);
  const sheet = useRef(null);
  // Opened when it is styled: before that nothing in it could take the focus.
  const show = () => requestAnimationFrame(() => box.current?.showModal());
  useEffect(() => {
    if (sheet.current.sheet) show();
  }, []);
  // A click beside it lands on the dialog itself, one inside on something in it.
  const beside = (event) => event.target === box.current && box.current.close();
  return html`
    <link rel="stylesheet" href="/static/css/keys.css" ref=${sheet} onLoad=${show} />
    <dialog class="keys" ref=${box} aria-labelledby="keys-title" onClose=${onClose} onClick=${beside}>
      <div class="keys-box">
        <div class="keys-head">
          <h2 id="keys-title">Keys</h2>
          <span class="spacer"></span>
          <button type="button" class="quiet close" aria-label="Close" onClick=${() => box.current.close()}>
            ×
          </button>
        </div>
        <div class="keys-groups">${KEYS.map((group) => html`<${Group} key=${group.title} ...${group} />`)}</div>
        <${Switch} />
      </div>
    </dialog>
  `;
}
