// Owns the calls to the broker: JSON in, JSON out, and one error type with the broker's sentence.
import { noteServerTime } from "./clock.js";

/** A call that asks why a connection broke may take so long. */
const WHY_MS = 5000;

export class ApiError extends Error {
  /** `status` 0 and key `offline` when no answer came at all. */
  constructor(status, key, message) {
    super(message);
    this.status = status;
    this.key = key;
  }
}

/** The error that a response which is not a success stands for. */
export async function problem(response) {
  const body = await response.json().catch(() => null);
  const { key = "internal_error", message = `The broker answered ${response.status}.` } = body?.error ?? {};
  return new ApiError(response.status, key, message);
}

/** `fetch` whose failure to reach the broker is an ApiError too. */
export async function reach(path, options) {
  try {
    const response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
    noteServerTime(response.headers.get("Date"));
    return response;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "The broker does not answer.");
  }
}

let tellReplaced = () => {};

/** `tell(count)` is called when the broker could not keep so many characters of a call's text as they were. */
export function whenReplaced(tell) {
  tellReplaced = tell;
}

/** The error of a stream that broke: a socket's handshake that is refused does not say why, a call does. */
export async function whyBroken(text = "") {
  try {
    const signal = AbortSignal.timeout(WHY_MS);
    const response = await reach("/messages/stream", { method: "HEAD", signal });
    if (!response.ok) return await problem(response);
    return new ApiError(0, "offline", text || "The connection to the broker broke.");
  } catch (error) {
    return error;
  }
}

async function call(method, path, body, signal) {
  const json = { "Content-Type": "application/json" };
  const sent = body === undefined ? {} : { headers: json, body: JSON.stringify(body) };
  const response = await reach(path, { method, signal, ...sent });
  if (!response.ok) throw await problem(response);
  const replaced = Number(response.headers.get("Hyperhive-Replaced"));
  if (replaced) tellReplaced(replaced);
  return response.json();
}

export const get = (path, signal) => call("GET", path, undefined, signal);
export const post = (path, body = {}, signal = undefined) => call("POST", path, body, signal);

/** `path?a=1` with the empty and missing values left out. */
export function withQuery(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  const query = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return given.length ? `${path}?${query}` : path;
}

/** A name that nobody else has; not randomUUID, which a page over plain HTTP does not have. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
