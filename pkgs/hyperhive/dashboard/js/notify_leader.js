// Shows the notifications of all tabs, as long as nobody looks at any. Loaded in the one tab that does it.
import { itemAddress } from "./address.js";
import { LOOKING, looks, read, write } from "./notify.js";
import { isReady } from "./state/hive.js";
import { asMemory, notice, sameMemory, toShow } from "./state/notify.js";
import { visible } from "./visible.js";

const MEMORY = "notify:memory";

function storedMemory() {
  try {
    return asMemory(JSON.parse(read(MEMORY)));
  } catch {
    return null;
  }
}

/** Opens an address of the page, also the one that is open already. */
function go(address) {
  window.focus();
  if (location.hash === address) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}

async function somebodyLooks() {
  if (looks()) return true;
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name === LOOKING);
}

/**
 * Runs in one tab at a time: the next one takes over when it is closed, from what both have stored. Where nothing
 * is stored, what has come after `since`, an earlier state of the page or null, is new.
 */
export function lead(store, { since, isOn, onUnable }) {
  const shown = new Map();
  let memory = storedMemory() ?? (since && notice(since, null).memory);
  let waiting = new Set();

  function forget(tag, notification) {
    if (shown.get(tag)?.notification === notification) shown.delete(tag);
  }

  function show({ tag, title, body, place, id, about }) {
    const notification = new Notification(visible(title), { tag, body: visible(body) });
    const address = place === null ? "#/" : itemAddress(place, id);
    notification.addEventListener("click", () => {
      notification.close();
      go(address);
    });
    notification.addEventListener("close", () => forget(tag, notification));
    shown.set(tag, { notification, about });
  }

  async function present(fresh) {
    if (!isOn() || (await somebodyLooks())) return;
    try {
      toShow(fresh.filter((item) => waiting.has(item.tag))).forEach(show);
    } catch (error) {
      // Chrome on Android: only a service worker may.
      if (!(error instanceof TypeError)) throw error;
      onUnable();
    }
  }

  function closeAnswered() {
    for (const { notification, about } of shown.values()) {
      if (!about.some((tag) => waiting.has(tag))) notification.close();
    }
  }

  function step() {
    const { state } = store;
    // A tab that has lost the broker knows less than another one may have stored.
    if (!isReady(state) || state.link.state !== "live") return;
    const found = notice(state, memory);
    waiting = found.waiting;
    if (!sameMemory(found.memory, memory)) write(MEMORY, JSON.stringify(found.memory));
    memory = found.memory;
    closeAnswered();
    if (found.fresh.length) present(found.fresh);
  }

  // Without its page a notification leads nowhere, and after a logout its text is not to stay.
  addEventListener("pagehide", () => shown.forEach(({ notification }) => notification.close()));
  step();
  store.subscribe(step);
}
