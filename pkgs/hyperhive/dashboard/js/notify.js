// Owns whether the browser notifies: what it can, what the operator allows, and which of all tabs does it.
import { isReady } from "./state/hive.js";

const MUTED = "notify:muted";
/** Set where the browser has notifications, but none that a page could show. */
const UNABLE = "notify:unable";
const LEADER = "hyperhive: notifications";
/** Between attempts to load what shows them, while the broker is away. */
const RETRY_MS = 2000;
/** A lock that every tab holds for as long as somebody looks at it. */
export const LOOKING = "hyperhive: somebody looks";

/** What the browser keeps under `key`, or null. */
export function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps it, null for no longer. A profile that keeps nothing works as well; it only knows less after a reload. */
export function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch (error) {
    console.info("notifications:", error.message);
  }
}

/** `insecure`: not over HTTPS nor on this machine; `missing`: no such thing; `unable`: not for a page. */
function support() {
  if (!window.isSecureContext) return "insecure";
  if (!("Notification" in window && navigator.locks)) return "missing";
  return read(UNABLE) === null ? "ok" : "unable";
}

/** Whether somebody looks at this tab. */
export function looks() {
  return document.visibilityState === "visible" && document.hasFocus();
}

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

/** Follows the store until the result is called, which returns the first state that knew the hive, or null. */
function firstKnown(store) {
  let first = null;
  const follow = () => {
    if (first === null && isReady(store.state) && store.state.link.state === "live") first = store.state;
  };
  const end = store.subscribe(follow);
  follow();
  return () => {
    end();
    return first;
  };
}

/** What shows them. A browser remembers that a module could not be had, so each attempt has its own address. */
async function loadLeader() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await import(attempt === 0 ? "./notify_leader.js" : `./notify_leader.js?attempt=${attempt}`);
    } catch (error) {
      // As a TypeError browsers report that nothing came; whatever else is wrong, another attempt does not mend.
      if (!(error instanceof TypeError)) throw error;
      console.info("notifications:", error.message);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * Starts them; `onLead()` is called when it is this tab that shows them. `state` of the result is {support,
 * permission, muted}, `subscribe(listener)` follows it, `isNeeded` says whether this tab is to know the hive also
 * while it is hidden, `ask()` asks the browser for permission, `mute(on)` is heard by every tab.
 */
export function startNotifier(store, onLead) {
  const listeners = new Set();
  let leads = false;
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
    navigator.locks.request(LEADER, async () => {
      leads = true;
      onLead();
      const seen = firstKnown(store);
      const { lead } = await loadLeader();
      lead(store, {
        since: seen(),
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
    get isNeeded() {
      return leads || state.support !== "ok";
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
