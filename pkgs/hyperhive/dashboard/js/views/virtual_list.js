// A list of any length that grows at its end and pages back at its start. Only the rows in view and around it
// are in the page. It stays at the end while one is there, and else keeps its place, whatever comes or goes.
import { ErrorBoundary, html, memo, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { createScrollAnchor, newPlace } from "./scroll_anchor.js";

/** Props: `loading`, `error`, `more` whether there is an older page, `label` of its button, `onOlder`. */
export function Edge({ loading, error, more, label, onOlder }) {
  const button = (text) => html`<button type="button" class="quiet" onClick=${onOlder}>${text}</button>`;
  if (loading) return html`<p class="edge">Loading…</p>`;
  if (error) return html`<p class="edge">${error} ${button("Try again")}</p>`;
  return html`<p class="edge">${more ? button(label) : "The beginning"}</p>`;
}

const GUESS = 40;

const guessed = () => GUESS;

const FAILED = html`<p class="problem">This entry could not be shown.</p>`;

const Row = memo(function Row({ row, render }) {
  return html`<${ErrorBoundary} failed=${FAILED}>${render(row)}</${ErrorBoundary}>`;
});

function useScrollAnchor(held, refs) {
  const own = useRef(null);
  const scroll = useRef(null);
  const [, redraw] = useState(0);
  const [behind, onBehind] = useState(null);
  if (!scroll.current) {
    const place = held ?? own;
    place.current ??= newPlace();
    scroll.current = createScrollAnchor(place.current, { ...refs, redraw: () => redraw((at) => at + 1), onBehind });
  }
  return [scroll.current, behind];
}

// Settles the list when the box or one of its rows becomes another size.
function useSizes({ box, list }, resized) {
  const watch = useRef(null);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(resized);
    observer.observe(box.current);
    watch.current = { observer, items: new Set() };
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const { observer, items } = watch.current;
    const now = new Set(list.current.children);
    for (const item of items) if (!now.has(item)) observer.unobserve(item);
    for (const item of now) if (!items.has(item)) observer.observe(item);
    watch.current.items = now;
  });
}

/** Asks for the row that left the page with the keyboard; where it is known, it comes back. */
export const RECALL = "recall";

// The keyboard stays in the list when its row leaves the page, and goes back to the row when that is there again.
function useRowWithKeyboard({ box, list }, scroll, { rows, start }) {
  const drawn = useRef(null);
  const left = useRef(null);
  const held = box.current?.contains(document.activeElement);
  const at = held ? [...list.current.children].findIndex((item) => item.contains(document.activeElement)) : -1;
  const key = at < 0 ? null : drawn.current.rows[drawn.current.start + at].key;
  drawn.current = { rows, start };
  const place = () => rows.findIndex((row) => row.key === left.current);

  useLayoutEffect(() => {
    if (held && !box.current.contains(document.activeElement)) {
      left.current = key;
      box.current.focus({ preventScroll: true });
    }
    if (document.activeElement !== box.current) left.current = null;
    if (left.current === null) return;
    list.current.children[place() - start]?.querySelector("[data-row]")?.focus({ preventScroll: true });
  });

  return {
    recall(event) {
      if (left.current === null || place() < 0) return;
      event.preventDefault();
      scroll.show(left.current);
    },
    forget: () => (left.current = null),
  };
}

/**
 * Props:
 * - `rows` [{key, …}], oldest first; keys are unique and stay. A row that is the same object as before is not
 *   drawn again.
 * - `render(row)` gives the row's view; the same function every time. What the view remembers must live
 *   outside of it (`useKept`, `RowDisclosure`, `Body` with a `place`): it leaves the page with the row.
 * - `guess(row)`: its height in pixels before it was seen.
 * - `label` names the list for screen readers; `empty` is shown instead of rows, `before` above them.
 * - `onTop` is called when the start comes near, `onEnd` when the list grew while its end is in view.
 * - `beyond`: null when the last row is the newest there is, else how many newer ones are known of that are
 *   not among the rows. Then `onBottom` is called when the last row comes near and `onLatest` by the button
 *   that leads to the newest, and the list does not stick to its end.
 * - `view`: another value starts over, at the end or at the row whose key is `startAt`.
 * - `place`: a ref that keeps the place, and the heights, while the list is not in the page.
 */
export function VirtualList({ guess = guessed, beyond = null, startAt = null, place, ...props }) {
  const { rows, render, label, before, empty } = props;
  const box = useRef(null);
  const list = useRef(null);
  const [scroll, behind] = useScrollAnchor(place, { box, list });
  const { start, end } = scroll.draw({ guess, beyond, startAt, ...props });
  useLayoutEffect(() => scroll.settle());
  const { recall, forget } = useRowWithKeyboard({ box, list }, scroll, { rows, start });
  useSizes({ box, list }, scroll.resized);
  useEffect(() => scroll.end, []);

  // Moving there as the browser does, it would aim at where the end was when the key was pressed.
  function keyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "End") scroll.toLatest();
    else if (event.key === "Home") scroll.toStart();
    else return;
    forget();
    event.preventDefault();
  }

  const last = rows.at(-1)?.key ?? null;
  useEffect(() => {
    if (scroll.stuck) props.onEnd?.();
  }, [last]);

  return html`
    <div class="scroller">
      <div class="scroll" ref=${box} onScroll=${scroll.scrolled} onClickCapture=${(event) => scroll.clicked(event)}
           onKeyDown=${keyDown} onrecall=${recall} tabindex="0" role="region" aria-label=${label}>
        ${before}
        <ol ref=${list}>
          ${rows.slice(start, end).map(
            (row, index) => html`
            <li key=${row.key} aria-posinset=${start + index + 1} aria-setsize=${rows.length}>
              <${Row} row=${row} render=${render} />
            </li>`,
          )}
        </ol>
        ${!rows.length && empty}
      </div>
      ${
        behind !== null &&
        html`<button class="pill" type="button" data-new=${behind > 0} onClick=${() => scroll.toLatest()}>
          ↓ ${behind > 0 ? `${behind} new` : "Latest"}
        </button>`
      }
    </div>
  `;
}
