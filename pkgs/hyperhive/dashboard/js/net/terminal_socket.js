// One connection to a terminal: frames as protocol/terminal.py has them, and the reason of its end.
import { ApiError } from "./api.js";

/** The broker says something every 15 s; nothing for this long is a dead connection. */
const SILENCE_MS = 40_000;
const HEADER_BYTES = 8;
const CLOSE_ENDED = 4000;

/** The terminal is over, and everything of it has come. */
export class EndedError extends Error {}

function address(path, have, window) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams({ window, ...(have !== null && { have }) });
  return `${scheme}://${location.host}${path}?${query}`;
}

function reason({ code, reason: text }) {
  if (code === CLOSE_ENDED) return new EndedError(text);
  return new ApiError(0, "offline", text || "The connection to the terminal broke.");
}

/**
 * Opens `path` for the window of this name from the offset `have` on (null: from the beginning of what is kept).
 * The promise only ever ends by rejecting. `on` has a handler for every type of frame, `open({type, say, leave})`,
 * and `output(offset, bytes)`.
 */
export function followTerminal(path, { have, window }, on, signal) {
  return new Promise((_, reject) => {
    const socket = new WebSocket(address(path, have, window));
    socket.binaryType = "arraybuffer";
    let silence;

    function heard() {
      clearTimeout(silence);
      silence = setTimeout(() => end(new ApiError(0, "silent", "The broker went silent.")), SILENCE_MS);
    }

    function end(error) {
      clearTimeout(silence);
      socket.onmessage = null;
      socket.close();
      reject(error);
    }

    const say = (frame) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame));
    const type = (bytes) => socket.readyState === WebSocket.OPEN && socket.send(bytes);

    const leave = () => end(new ApiError(0, "left", "The terminal is shown anew."));

    socket.onmessage = ({ data }) => {
      heard();
      try {
        if (typeof data !== "string") {
          const offset = Number(new DataView(data).getBigUint64(0));
          on.output(offset, new Uint8Array(data, HEADER_BYTES));
          return;
        }
        const frame = JSON.parse(data);
        if (frame.type === "attached") on.open({ type, say, leave });
        on[frame.type]?.(frame);
      } catch (error) {
        end(error);
      }
    };
    socket.onclose = (event) => end(reason(event));
    signal.addEventListener("abort", () => end(new ApiError(0, "left", "The terminal was left.")), {
      once: true,
    });
    heard();
  });
}
