// Owns the browser's notifications. Of all tabs that are open one shows them, as long as nobody looks at any.
import { itemAddress } from "./address.js";
import { isReady } from "./state/hive.js";
import { asMemory, notice, sameMemory, toShow } from "./state/notify.js";

const MEMORY = "notify:memory";
const MUTED = "notify:muted";
/** Set where the browser has notifications, but none that a page could show. */
const UNABLE = "notify:unable";
const LEADER = "hyperhive: notifications";
const LOOKING = "hyperhive: somebody looks";

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

// A profile that keeps nothing works as well; it only knows less after a reload.
function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch (error) {
    console.info("notifications:", error.message);
  }
}

function storedMemory() {
  try {
    return asMemory(JSON.parse(read(MEMORY)));
  } catch {
    return null;
  }
}

/** `insecure`: not over HTTPS nor on this machine; `missing`: no such thing; `unable`: not for a page. */
function support() {
  if (!window.isSecureContext) return "insecure";
  if (!("Notification" in window && navigator.locks)) return "missing";
  return read(UNABLE) === null ? "ok" : "unable";
}

function looks() {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** Opens an address of the page, also the one that is open already. */
function go(address) {
  window.focus();
  if (location.hash === address) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}

// While somebody looks at this tab it holds a lock, which the tab that shows notifications asks for.
function sayWhetherSomebodyLooks() {
  let end = null;
  function follow() {
    if (looks() === (end !== null)) return;
    if (end) {
      end();
      end = null;
      return;
    }
    const held = new Promise((resolve) => (end = resolve));
    navigator.locks.request(LOOKING, { mode: "shared" }, () => held);
  }
  for (const event of ["focus", "blur", "pageshow"]) addEventListener(event, follow);
  document.addEventListener("visibilitychange", follow);
  follow();
}

async function somebodyLooks() {
  if (looks()) return true;
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name === LOOKING);
}

// Runs in one tab at a time: the next one takes over when it is closed, from what both have stored.
function lead(store, { isOn, onUnable }) {
  const shown = new Map();
  let memory = storedMemory();
  let waiting = new Set();

  function forget(tag, notification) {
    if (shown.get(tag)?.notification === notification) shown.delete(tag);
  }

  function show({ tag, title, body, place, id, about }) {
    const notification = new Notification(title, { tag, body });
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

/**
 * Starts them. `state` of the result is {support, permission, muted}, `subscribe(listener)` follows it,
 * `ask()` asks the browser for permission, `mute(on)` is heard by every tab.
 */
export function startNotifier(store) {
  const listeners = new Set();
  const look = () => ({
    support: support(),
    permission: window.Notification?.permission ?? "denied",
    muted: read(MUTED) !== null,
  });
  let state = look();

  function changed() {
    state = look();
    for (const listener of listeners) listener(state);
  }

  addEventListener("storage", changed);
  if (support() === "ok") {
    // The operator may change it beside the address, or in another tab.
    navigator.permissions?.query({ name: "notifications" }).then(
      (status) => status.addEventListener("change", changed),
      () => {},
    );
    sayWhetherSomebodyLooks();
    navigator.locks.request(LEADER, () => {
      lead(store, {
        isOn: () => Notification.permission === "granted" && read(MUTED) === null,
        onUnable() {
          write(UNABLE, "yes");
          changed();
        },
      });
      return new Promise(() => {});
    });
  }

  return {
    get state() {
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async ask() {
      await Notification.requestPermission();
      changed();
    },
    mute(on) {
      write(MUTED, on ? "yes" : null);
      changed();
    },
  };
}
