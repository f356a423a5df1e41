// A part of the page that is fetched when it is opened for the first time, and shown when its style is there.
import { ErrorBoundary, html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";

const BROKEN = html`<p class="empty problem" role="alert">This part of the page broke. Reload the page to try again.</p>`;

const loaded = new Map();

// A style sheet that came with the view; without it the view would jump into its shape.
function arrival(link) {
  return new Promise((resolve) => {
    link.addEventListener("load", resolve, { once: true });
    link.addEventListener("error", resolve, { once: true });
  });
}

function useStyled(box, view) {
  const [styled, setStyled] = useState(false);
  useLayoutEffect(() => {
    if (!view || !box.current) return;
    const links = [...box.current.querySelectorAll('link[rel="stylesheet"]')].filter((link) => !link.sheet);
    if (links.length) Promise.all(links.map(arrival)).then(() => setStyled(true));
    else setStyled(true);
  }, [view]);
  return styled;
}

/**
 * Props: `id` names the part, `load` resolves to its view, all others are the view's. A part that is its own
 * box, and has no style of its own, gives `frame`, which puts what stands in its place in such a box.
 */
export function Lazy({ id, load, frame = null, ...props }) {
  const box = useRef(null);
  const [view, setView] = useState(() => loaded.get(id) ?? null);
  const [failed, setFailed] = useState(false);
  const styled = useStyled(box, view);

  async function fetchView() {
    setFailed(false);
    try {
      loaded.set(id, await load());
      setView(() => loaded.get(id));
    } catch {
      setFailed(true);
    }
  }

  useEffect(() => {
    if (!view) fetchView();
  }, []);

  const framed = frame ?? ((content) => content);
  if (failed) {
    return framed(html`
      <p class="empty problem" role="alert">This part of the page could not be loaded.
        <button type="button" class="quiet" onClick=${fetchView}>Try again</button>
      </p>
    `);
  }
  if (!view) return framed(html`<p class="empty" role="status">Loading…</p>`);
  if (frame) return html`<${ErrorBoundary} failed=${frame(BROKEN)}><${view} ...${props} /></${ErrorBoundary}>`;
  return html`
    <div class="lazy" ref=${box} data-styled=${styled}>
      <${ErrorBoundary} failed=${BROKEN}><${view} ...${props} /></${ErrorBoundary}>
    </div>
  `;
}
