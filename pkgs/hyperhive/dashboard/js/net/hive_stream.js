// Follows the hive: the stream is opened first, then the snapshot is fetched, then frames are applied.
import { frameAction } from "../state/hive.js";
import { withQuery } from "./api.js";

const PAGE = 200;
/** Most pages of history that are fetched again to keep the place of somebody who had paged back. */
const REFETCHED_PAGES = 10;

export class GapError extends Error {}

// The rows between the snapshot's oldest message and how far back the page had been paged.
async function olderAgain(api, state, snapshot, signal) {
  if (snapshot.messages_before === null || state.boot === null) return {};
  const whole = state.flow.whole ?? 0;
  let before = snapshot.messages_before;
  const older = [];
  for (let page = 0; page < REFETCHED_PAGES && before > whole; page += 1) {
    const { messages, next_before: next } = await api.get(
      withQuery("/api/messages", { before, limit: PAGE }),
      signal,
    );
    older.push(...messages);
    before = next;
  }
  return { older, olderBefore: before };
}

/**
 * One connection, for `keepConnected`. `now()` gives seconds. Throws GapError when a frame is missing:
 * the next connection starts with a new snapshot.
 */
export function hiveConnection({ store, api, openStream, now }) {
  return async function connect(signal, up) {
    if (store.state.link.state === "lost") store.dispatch({ type: "link", link: { state: "connecting" } });
    const stream = await openStream("/messages/stream", signal);
    let waiting = [];

    function apply(frame) {
      const { seq, boot } = store.state;
      if (frame.seq > seq + 1) throw new GapError(`frame ${frame.seq} came after ${seq}`);
      store.dispatch(frameAction(frame, now(), boot));
    }

    async function load() {
      const snapshot = await api.get("/api/state", signal);
      const history = await olderAgain(api, store.state, snapshot, signal);
      store.dispatch({ type: "snapshot", snapshot, ...history });
      const early = waiting;
      waiting = null;
      early.forEach(apply);
      store.dispatch({ type: "link", link: { state: "live", retryAt: null, error: null } });
      up();
    }

    const reading = stream.read((frame) => {
      if (waiting) waiting.push(frame);
      else apply(frame);
    });
    await Promise.all([reading, load()]);
  };
}
