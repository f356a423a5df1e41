// A list that grows at its end: it stays at the end while one is there, and else keeps its place.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";

const NEAR = 48;

function distanceToEnd(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight;
}

// The first row in view, and where it stands: what must not move when rows come or go above it.
function anchorOf(box) {
  const top = box.getBoundingClientRect().top;
  for (const row of box.querySelectorAll(":scope > ol > li")) {
    const { bottom, top: rowTop } = row.getBoundingClientRect();
    if (bottom > top) return { row, offset: rowTop - top };
  }
  return null;
}

/**
 * Props: `rows` [{key, view}] oldest first, `label`, `before` shown above the rows, `empty` shown
 * instead of them, `onTop` when the start comes into view, `onEnd` when it grows at its end, and
 * `view`: another value starts over at the end.
 */
export function Scroller({ rows, label, before, empty, onTop, onEnd, view }) {
  const box = useRef(null);
  const place = useRef({ stuck: true, anchor: null, view, seen: null });
  const [unseen, setUnseen] = useState(0);
  const last = rows.at(-1)?.key ?? null;

  function toEnd() {
    if (!box.current) return;
    place.current.stuck = true;
    box.current.scrollTop = box.current.scrollHeight;
  }

  function measure() {
    if (!box.current) return;
    place.current.stuck = distanceToEnd(box.current) < NEAR;
    place.current.anchor = place.current.stuck ? null : anchorOf(box.current);
    if (place.current.stuck) setUnseen(0);
    if (box.current.scrollTop < NEAR && !place.current.stuck) onTop?.();
  }

  useLayoutEffect(() => {
    const { current } = place;
    if (current.view !== view) Object.assign(current, { view, stuck: true, anchor: null, seen: null });
    if (current.stuck) {
      toEnd();
      current.seen = last;
      if (unseen) setUnseen(0);
    } else {
      const { anchor } = current;
      if (anchor?.row.isConnected) {
        const moved = anchor.row.getBoundingClientRect().top - box.current.getBoundingClientRect().top;
        box.current.scrollTop += moved - anchor.offset;
      }
      const at = rows.findLastIndex((row) => row.key === current.seen);
      setUnseen(at < 0 ? rows.length : rows.length - 1 - at);
    }
  }, [rows, view]);

  useEffect(() => {
    if (place.current.stuck) onEnd?.();
  }, [last]);

  useEffect(() => {
    const observer = new ResizeObserver(() => place.current.stuck && toEnd());
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  // A click may unfold a row: after it, what is in view decides whether the list still sticks.
  const afterClick = () => requestAnimationFrame(measure);

  return html`
    <div class="scroller">
      <div class="scroll" ref=${box} onScroll=${measure} onClick=${afterClick}
           tabindex="0" role="region" aria-label=${label}>
        ${before}
        ${rows.length > 0 && html`<ol>${rows.map((row) => html`<li key=${row.key}>${row.view}</li>`)}</ol>`}
        ${!rows.length && empty}
      </div>
      ${unseen > 0 && html`<button class="pill" type="button" onClick=${toEnd}>↓ ${unseen} new</button>`}
    </div>
  `;
}
