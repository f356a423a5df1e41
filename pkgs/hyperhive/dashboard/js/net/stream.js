// Opens streams of this tab over the one connection that all tabs share: a browser has no more than six to a host.
import { ApiError, whyBroken } from "./api.js";

/** Of what tabs and worker say to each other: the worker outlives an upgrade. */
const NAME = "hyperhive: streams 1";
/** The worker says something every 4 s. */
const DEAD_MS = 10_000;

let line = null;
/** Without shared workers, or one that answers, the tab has a connection of its own. */
let alone = !("SharedWorker" in globalThis);
let own = null;
/** A browser remembers that a module could not be had, so each attempt has its own address. */
let attempt = 0;

// What is said to a port before anybody listens waits in it.
function ownPort(onBroken) {
  const { port1, port2 } = new MessageChannel();
  own ??= import(attempt ? `./streams.js?attempt=${attempt}` : "./streams.js").then((it) => it.createStreams());
  own.then(
    ({ serve }) => serve(port2),
    async () => {
      own = null;
      attempt += 1;
      onBroken(await whyBroken());
    },
  );
  return port1;
}

function sharedPort(onBroken) {
  const worker = new SharedWorker("/static/js/net/streams_worker.js", { type: "module", name: NAME });
  // It could not be loaded: the broker is away, or the login has ended.
  worker.onerror = async () => onBroken(await whyBroken());
  return worker.port;
}

function portTo(onBroken) {
  if (alone) return ownPort(onBroken);
  try {
    return sharedPort(onBroken);
  } catch (error) {
    console.info("streams:", error.message);
    alone = true;
    return ownPort(onBroken);
  }
}

// The way to the connection; `streams` by their ids, each with what becomes of it.
function createLine() {
  const streams = new Map();
  let newest = 0;
  let answered = false;
  let silence;

  function end(error) {
    clearTimeout(silence);
    if (line === one) line = null;
    for (const id of streams.keys()) port.postMessage({ close: id });
    for (const { ended } of streams.values()) ended(error);
    streams.clear();
    port.close();
  }

  const port = portTo(end);

  function heard() {
    clearTimeout(silence);
    if (alone || !streams.size) return;
    silence = setTimeout(() => {
      alone = !answered;
      end(new ApiError(0, "silent", "The worker that has the connection went silent."));
    }, DEAD_MS);
  }

  port.onmessage = ({ data: { beat, opened, of, data, ended, error } }) => {
    answered = true;
    if (beat) port.postMessage({ beat });
    else if (opened) streams.get(opened)?.opened();
    else if (of) streams.get(of)?.take(data);
    else if (ended) {
      const stream = streams.get(ended);
      streams.delete(ended);
      stream?.ended(new ApiError(error.status, error.key, error.message));
    }
    heard();
  };

  const one = {
    open(path, stream) {
      newest += 1;
      const id = newest;
      streams.set(id, stream);
      port.postMessage({ open: id, path });
      if (streams.size === 1) heard();
      return function close() {
        if (!streams.delete(id)) return;
        port.postMessage({ close: id });
        heard();
      };
    },
    end,
  };
  return one;
}

// Also of a page that may come back.
globalThis.addEventListener?.("pagehide", () => line?.end(new ApiError(0, "left", "The page was left.")));

/**
 * Opens the stream that the broker has at `path`; resolves when it has been accepted. `read(onData)` of the result
 * calls `onData` with every item and only ever ends by throwing.
 */
export async function openStream(path, signal) {
  signal.throwIfAborted();
  line ??= createLine();
  const early = [];
  let take = (data) => early.push(data);
  let fail;
  const over = new Promise((_, reject) => (fail = reject));
  // Whoever reads hears of it; until then nobody has to.
  over.catch(() => {});

  const opened = new Promise((resolve) => {
    const close = line.open(path, { opened: resolve, take: (data) => take(data), ended: fail });
    signal.addEventListener("abort", () => {
      close();
      fail(new ApiError(0, "left", "The stream was left."));
    });
  });

  async function read(onData) {
    take = (data) => {
      try {
        onData(data);
      } catch (error) {
        fail(error);
      }
    };
    early.splice(0).forEach(take);
    await over;
  }
  return await Promise.race([opened.then(() => ({ read })), over]);
}
