// Runs in a worker of its own: reads what agents wrote, which may be made to take for ever.
import { difference } from "./difference.js";
import { readMarkdown } from "./markdown.js";

const READERS = { markdown: readMarkdown, difference };

addEventListener("message", ({ data: { kind, texts } }) => {
  try {
    postMessage({ value: READERS[kind](...texts) });
  } catch (error) {
    postMessage({ value: null, error: String(error) });
  }
});

postMessage({ ready: true });
