// Parses server-sent events from text that arrives in pieces. Pure.

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
