// Brings the question or message that the address names before the operator's eyes.
import { useEffect } from "../ui.js";
import { parseItem } from "../address.js";
import { focusSection } from "./context.js";

/** Where an item is looked for when it does not wait any more. */
const SECTIONS = { question: "questions", message: "inbox", parked: "flow" };
/** How long a row of a long list gets to be drawn, and one that is on its way to this page to arrive, in ms. */
const DRAWN = 300;
const ARRIVED = 10_000;

async function appearing(id, patience) {
  const end = performance.now() + patience;
  while (!document.getElementById(id) && performance.now() < end) await new Promise(requestAnimationFrame);
  return document.getElementById(id);
}

function reveal(place) {
  place.dataset.sought = "true";
  place.addEventListener("blur", () => delete place.dataset.sought, { once: true });
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest" });
}

async function show(seekMessage) {
  const { hash } = location;
  const item = parseItem(hash);
  if (!item) return;
  const id = `${item.kind}-${item.id}`;
  // Of a long inbox only the beginning is in the page.
  if (item.kind === "message" && (await seekMessage(item.id))) await appearing(id, DRAWN);
  if (location.hash !== hash) return;
  const place = document.getElementById(id);
  if (place) return reveal(place);
  focusSection(SECTIONS[item.kind]);
  // An address (of a push) can be faster than the frame that brings what it names; whoever moved on is left alone.
  const focused = document.activeElement;
  const late = await appearing(id, ARRIVED);
  if (late && location.hash === hash && document.activeElement === focused) reveal(late);
}

/** Follows the address; `ready` says that the page knows what waits. */
export function useItemInAddress(ready, { seekMessage }) {
  useEffect(() => {
    if (!ready) return undefined;
    // What else follows the address, such as an agent's page that lies on top, goes first.
    const later = () => setTimeout(show, 0, seekMessage);
    later();
    addEventListener("hashchange", later);
    return () => removeEventListener("hashchange", later);
  }, [ready]);
}
