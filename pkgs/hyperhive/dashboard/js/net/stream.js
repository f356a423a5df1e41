// Reads one server-sent event stream. `fetch` and not EventSource: the page must see the status of a
// refusal, and the comment lines whose absence is the only sign of a connection that died silently.
import { ApiError, problem, reach } from "./api.js";

/** `push(text)` returns the {event, data} blocks that the text completed; comments are dropped. */
export function sseParser() {
  let rest = "";
  let event = "message";
  let data = [];

  function line(text, out) {
    if (text === "") {
      if (data.length) out.push({ event, data: data.join("\n") });
      event = "message";
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
  }

  return {
    push(text) {
      const out = [];
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const one of lines) line(one.replace(/\r$/, ""), out);
      return out;
    },
  };
}

/** The broker says something every 15 s; nothing for this long is a dead connection. */
const SILENCE_MS = 40_000;

async function readChunk(reader) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new ApiError(0, "silent", "The broker went silent.")), SILENCE_MS);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Opens `path`; resolves when the broker has accepted the stream. `read(onData)` of the result calls
 * `onData` with every event's parsed data and only ever ends by throwing.
 */
export async function openStream(path, signal) {
  const response = await reach(path, { signal, headers: { Accept: "text/event-stream" } });
  if (!response.ok) throw await problem(response);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parser = sseParser();
  return {
    async read(onData) {
      for (;;) {
        const { done, value } = await readChunk(reader).catch((error) => {
          if (error instanceof ApiError || error.name === "AbortError") throw error;
          throw new ApiError(0, "offline", "The connection to the broker broke.");
        });
        if (done) throw new ApiError(0, "ended", "The broker closed the connection.");
        for (const { data } of parser.push(decoder.decode(value, { stream: true }))) onData(JSON.parse(data));
      }
    },
  };
}
