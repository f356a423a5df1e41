// Brings the question or message that the address names before the operator's eyes.
import { useEffect } from "../ui.js";
import { parseItem } from "../address.js";
import { focusSection } from "./context.js";

/** Where an item is looked for when it does not wait any more. */
const SECTIONS = { question: "questions", message: "inbox", parked: "flow" };
/** Frames that a message gets to appear in. */
const FRAMES = 20;

async function appearing(id) {
  for (let frame = 0; frame < FRAMES && !document.getElementById(id); frame += 1) {
    await new Promise(requestAnimationFrame);
  }
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
  if (item.kind === "message" && (await seekMessage(item.id))) await appearing(id);
  if (location.hash !== hash) return;
  const place = document.getElementById(id);
  if (place) reveal(place);
  else focusSection(SECTIONS[item.kind]);
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
