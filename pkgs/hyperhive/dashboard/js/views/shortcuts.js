// Reads the keys that are commands. Never while somebody types.
import { useEffect } from "../ui.js";
import { keyReader } from "../keys.js";

const PLACE = "keys";
const OFF = "off";
const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/** Whether single letters are commands; some voice control types them by mistake. */
export function keysAreOn() {
  return localStorage.getItem(PLACE) !== OFF;
}

export function turnKeys(on) {
  if (on) localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, OFF);
}

// A browser remembers that a module could not be had, so each attempt has its own address.
let attempt = 0;

function load() {
  return import(attempt ? `./key_commands.js?attempt=${attempt}` : "./key_commands.js").catch((error) => {
    attempt += 1;
    throw error;
  });
}

let walk = Promise.resolve();

// Keys may come faster than the rows that they lead to: each waits until those before it have been followed.
function inTurn(command) {
  walk = walk
    .then(load)
    .then(({ follow }) => follow(command))
    .catch(reportError);
}

// Out of a field and to its section, where letters are commands again.
function leave(field) {
  const section = field.closest("section[aria-labelledby]");
  const row = field.closest("[data-row]");
  (row ?? document.getElementById(section?.getAttribute("aria-labelledby")))?.focus();
}

/** Listens on the whole page; `openKeys()` shows the list of keys. */
export function useShortcuts(openKeys) {
  useEffect(() => {
    const read = keyReader();
    function keyDown(event) {
      const { key, target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.closest?.("dialog")) return;
      const field = target.closest?.(TYPING);
      if (field) {
        if (key === "Escape" && !field.closest(".panel")) leave(field);
        return;
      }
      const command = keysAreOn() && key.length === 1 ? read(key, event.timeStamp) : null;
      if (!command) return;
      event.preventDefault();
      if (command === "keys") openKeys();
      else inTurn(command);
    }
    document.addEventListener("keydown", keyDown);
    return () => document.removeEventListener("keydown", keyDown);
  }, []);
}
