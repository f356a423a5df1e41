// One WebSocket for all streams: of every tab, in the worker that the tabs share, or else of the one tab that it is in.
import { ApiError, whyBroken } from "./api.js";

const PATH = "/api/streams";
/** The broker says something every 15 s; nothing for this long is a dead connection. */
const SILENCE_MS = 40_000;
/** How often a tab is asked whether it is there, and after what time without an answer it has gone; see stream.js. */
const BEAT_MS = 4000;
const GONE_MS = 60_000;

const plain = ({ status, key, message }) => ({ status, key, message });

function address() {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${PATH}`;
}

/**
 * `serve(port)` serves one tab, which says {open, path}, {close} with ids of its own, and {beat} as an answer to
 * ours; it is told {opened}, {of, data} and {ended, error} of each of its streams.
 */
export function createStreams() {
  let socket = null;
  let newest = 0;
  // By the id on the socket: {tab, own, path}, the tab's port and its own id of the stream.
  const streams = new Map();
  // When each tab with streams was last heard.
  const tabs = new Map();

  function say(frame) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  function end(id, error) {
    const { tab, own } = streams.get(id) ?? {};
    if (!streams.delete(id)) return;
    tab.postMessage({ ended: own, error: plain(error) });
  }

  function take(frame) {
    const { tab, own } = streams.get(frame.id) ?? {};
    if (!tab) return;
    if (frame.type === "opened") tab.postMessage({ opened: own });
    else if (frame.type === "item") tab.postMessage({ of: own, data: frame.data });
    else if (frame.type === "ended") end(frame.id, { status: frame.status, ...frame.error });
  }

  function connect() {
    const opened = new WebSocket(address());
    let silence;

    // `why` says the error; streams that are opened while it is asked for have a connection of their own.
    async function lose(why) {
      clearTimeout(silence);
      opened.onmessage = null;
      opened.close();
      if (socket !== opened) return;
      socket = null;
      const broken = [...streams.values()];
      streams.clear();
      const error = plain(await why());
      for (const { tab, own } of broken) tab.postMessage({ ended: own, error });
    }

    function heard() {
      clearTimeout(silence);
      silence = setTimeout(() => lose(() => new ApiError(0, "silent", "The broker went silent.")), SILENCE_MS);
    }

    opened.onopen = () => {
      for (const [id, { path }] of streams) say({ type: "open", id, path });
    };
    opened.onmessage = ({ data }) => {
      heard();
      take(JSON.parse(data));
    };
    opened.onclose = ({ reason }) => lose(() => whyBroken(reason));
    heard();
    return opened;
  }

  function rest() {
    const idle = socket;
    socket = null;
    idle?.close();
  }

  function open(tab, own, path) {
    newest += 1;
    streams.set(newest, { tab, own, path });
    if (socket) say({ type: "open", id: newest, path });
    else socket = connect();
  }

  function close(tab, own) {
    for (const [id, one] of streams) {
      if (one.tab !== tab || one.own !== own) continue;
      streams.delete(id);
      say({ type: "close", id });
    }
  }

  // A tab that was killed or frozen says nothing: what is sent to it would be kept for ever.
  function beat() {
    const now = performance.now();
    for (const [tab, heardAt] of tabs) {
      const own = [...streams].filter(([, one]) => one.tab === tab);
      if (now - heardAt > GONE_MS) {
        tabs.delete(tab);
        for (const [id] of own) {
          end(id, new ApiError(0, "silent", "The page did not answer."));
          say({ type: "close", id });
        }
      } else if (own.length) tab.postMessage({ beat: true });
      else tabs.delete(tab);
    }
    if (!streams.size) rest();
  }
  setInterval(beat, BEAT_MS);

  return {
    serve(tab) {
      tab.onmessage = ({ data }) => {
        tabs.set(tab, performance.now());
        if (data.open) open(tab, data.open, data.path);
        else if (data.close) close(tab, data.close);
      };
    },
  };
}
