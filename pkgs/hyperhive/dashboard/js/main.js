// Starts the page: one store, one connection to the hive, one tree of views.
import { createActions } from "./actions.js";
import { counted } from "./format.js";
import { withholdComposing } from "./keys.js";
import { get, post, whenReplaced } from "./net/api.js";
import { now } from "./net/clock.js";
import { GapError, hiveConnection } from "./net/hive_stream.js";
import { keepConnected } from "./net/reconnect.js";
import { openStream } from "./net/stream.js";
import { followVisibility } from "./net/visibility.js";
import { startNotifier } from "./notify.js";
import { hiveReducer, initial } from "./state/hive.js";
import { createStore } from "./store.js";
import { html, render } from "./ui.js";
import { App } from "./views/app.js";

// The broker answers the same address with the login page when the session is over.
function leave() {
  location.reload();
}

// All tabs have one login, also those whose streams began under an earlier one, which may go on.
const logouts = new BroadcastChannel("hyperhive: logged out");
logouts.onmessage = leave;

function leaveEverywhere() {
  logouts.postMessage(null);
  leave();
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
const notifier = startNotifier(store, followHive);
const actions = createActions({ store, api, openStream, schedule, onRefused, leave: leaveEverywhere, notifier });

let hive = null;

function onLost(error, pause) {
  if (onRefused(error)) return true;
  if (error instanceof GapError) return false;
  const asOf = store.state.link.state === "live" ? now() : store.state.link.asOf;
  const link = { state: "lost", retryAt: now() + pause / 1000, asOf, error: error.message };
  store.dispatch({ type: "link", link });
  return false;
}

function followHive() {
  hive ??= keepConnected(hiveConnection({ store, api, openStream, now }), onLost);
}

// What nobody sees is followed by one tab of all, for notifications and the count in the titles.
function leaveHive() {
  if (notifier.isNeeded) return;
  hive.stop();
  hive = null;
  store.dispatch({ type: "link", link: { state: "connecting" } });
}

followHive();
followVisibility({
  leave() {
    actions.pauseLog(true);
    leaveHive();
  },
  come() {
    followHive();
    actions.pauseLog(false);
  },
});

function hurry() {
  hive?.hurry();
  actions.hurryLog();
}
addEventListener("online", hurry);

render(html`<${App} store=${store} actions=${actions} onHurry=${hurry} />`, document.getElementById("app"));
