// Runs in a worker of its own: parses what agents wrote, which may be made to take for ever.
import { difference } from "./difference.js";
import { readMarkdown } from "./markdown.js";

const PARSERS = { markdown: readMarkdown, difference };

addEventListener("message", ({ data: { kind, texts } }) => {
  try {
    postMessage({ value: PARSERS[kind](...texts) });
  } catch (error) {
    postMessage({ value: null, error: String(error) });
  }
});

postMessage({ ready: true });
