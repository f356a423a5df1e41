// Starts the page: one store, one connection to the hive, one tree of views.
import { createActions } from "./actions.js";
import { counted } from "./format.js";
import { withholdComposing } from "./keys.js";
import { get, post, whenReplaced } from "./net/api.js";
import { now } from "./net/clock.js";
import { GapError, hiveConnection } from "./net/hive_stream.js";
import { keepConnected } from "./net/reconnect.js";
import { openStream } from "./net/stream.js";
import { startNotifier } from "./notify.js";
import { hiveReducer, initial } from "./state/hive.js";
import { createStore } from "./store.js";
import { html, render } from "./ui.js";
import { App } from "./views/app.js";

// The broker answers the same address with the login page when the session is over.
function leave() {
  location.reload();
}

function onRefused(error) {
  if (error.status !== 401) return false;
  leave();
  return true;
}

function guarded(call) {
  return async (...values) => {
    try {
      return await call(...values);
    } catch (error) {
      onRefused(error);
      throw error;
    }
  };
}

// A hidden page gets no animation frames, and its title should still count.
function schedule(notify) {
  if (document.hidden) setTimeout(notify, 250);
  else requestAnimationFrame(notify);
}

withholdComposing();

const store = createStore(hiveReducer, initial, schedule);
whenReplaced((count) => {
  const text = `What you sent holds ${counted(count, "character")} that nothing can keep; each became \ufffd.`;
  store.dispatch({ type: "notice/own", text, at: now() });
});
const api = { get: guarded(get), post: guarded(post) };
const notifier = startNotifier(store);
const actions = createActions({ store, api, openStream, schedule, onRefused, leave, notifier });

const hive = keepConnected(hiveConnection({ store, api, openStream, now }), (error, pause) => {
  if (onRefused(error)) return true;
  if (error instanceof GapError) return false;
  const asOf = store.state.link.state === "live" ? now() : store.state.link.asOf;
  const link = { state: "lost", retryAt: now() + pause / 1000, asOf, error: error.message };
  store.dispatch({ type: "link", link });
  return false;
});

function hurry() {
  hive.hurry();
  actions.hurryLog();
}
addEventListener("online", hurry);

render(html`<${App} store=${store} actions=${actions} onHurry=${hurry} />`, document.getElementById("app"));
