// Times that run by themselves: ages, stop watches and countdowns, each ticking alone.
import { html } from "../ui.js";
import { clock, span, stopwatch } from "../format.js";
import { useNow } from "./context.js";

function stamp(at) {
  return new Date(at * 1000).toISOString();
}

/** `3 min ago`; `never` when there is no time. */
export function Ago({ at, never = "never" }) {
  const time = useNow();
  if (at === null) return html`<span>${never}</span>`;
  const seconds = time - at;
  const text = seconds < 5 ? "just now" : `${span(seconds)} ago`;
  return html`<time datetime=${stamp(at)} title=${clock(at, 0)}>${text}</time>`;
}

export function Stopwatch({ since }) {
  return html`<span class="number">${stopwatch(useNow() - since)}</span>`;
}

/** Time left until `at`; the last minute is marked. */
export function Countdown({ at }) {
  const left = at - useNow();
  return html`<span class="number countdown" data-soon=${left < 60}>${stopwatch(left)}</span>`;
}

/** A fixed time of day; `title` when the tip says more than the full time. */
export function At({ at, title = clock(at, 0) }) {
  return html`<time class="number" datetime=${stamp(at)} title=${title}>${clock(at, at)}</time>`;
}

/** The time of day, with its date as soon as that is not today. */
export function Clock({ at, seconds = true }) {
  const text = clock(at, useNow(), { seconds });
  return html`<time class="number" datetime=${stamp(at)} title=${clock(at, 0)}>${text}</time>`;
}
