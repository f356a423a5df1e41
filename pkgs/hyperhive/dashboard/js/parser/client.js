// Owns the worker that parses agents' texts. One text at a time has so long; after that the worker is ended and
// the text stays as it was written. The page itself never parses anything.

const DEADLINE_MS = 3000;
const START_MS = 20_000;
/** Results that are remembered, and the length of all their texts. */
const MOST_KNOWN = 500;
const MOST_LENGTH = 4_000_000;

const known = new Map();
const waiting = new Map();
let length = 0;
let worker = null;
let current = null;
let timer = null;

function nameOf(kind, texts) {
  return JSON.stringify([kind, ...texts]);
}

function remember(name, value) {
  known.set(name, value);
  length += name.length;
  for (const [oldest] of known) {
    if (known.size <= MOST_KNOWN && length <= MOST_LENGTH) return;
    known.delete(oldest);
    length -= oldest.length;
  }
}

function give(job, value, lasting) {
  waiting.delete(job.name);
  if (lasting) remember(job.name, value);
  for (const take of job.takers) take(value);
}

function end() {
  clearTimeout(timer);
  worker?.terminate();
  worker = null;
  const job = current;
  current = null;
  return job;
}

// The text that took too long will take too long again.
function expire() {
  const job = end();
  if (job) give(job, null, true);
  next();
}

// The worker itself could not be loaded: its texts stay plain, and the next one tries again.
function broken() {
  end();
  for (const job of [...waiting.values()]) give(job, null, false);
}

function start() {
  worker = new Worker("/static/js/parser/worker.js", { type: "module" });
  worker.ready = false;
  worker.addEventListener("error", broken);
  worker.addEventListener("message", ({ data }) => {
    clearTimeout(timer);
    if (data.ready) worker.ready = true;
    else finish(data);
    next();
  });
  timer = setTimeout(broken, START_MS);
}

function finish({ value, error }) {
  if (error) console.error(error);
  const job = current;
  current = null;
  if (job) give(job, value, true);
}

function next() {
  if (current || !waiting.size) return;
  if (!worker) start();
  if (!worker.ready) return;
  for (const job of waiting.values()) {
    if (!job.takers.size) waiting.delete(job.name);
    else {
      current = job;
      worker.postMessage({ kind: job.kind, texts: job.texts });
      timer = setTimeout(expire, DEADLINE_MS);
      return;
    }
  }
}

/** What is known of it already: undefined while it was not parsed, null when it cannot be. */
export function knownParse(kind, texts) {
  return known.get(nameOf(kind, texts));
}

/** Calls `take(value)` when it was parsed; returns a function that gives up on it. */
export function requestParse(kind, texts, take) {
  const name = nameOf(kind, texts);
  if (!waiting.has(name)) waiting.set(name, { name, kind, texts, takers: new Set() });
  const job = waiting.get(name);
  job.takers.add(take);
  next();
  return () => job.takers.delete(take);
}
