// Brings the question or message that the address names before the operator's eyes.
import { useEffect } from "../ui.js";
import { parseItem } from "../address.js";
import { focusSection } from "./context.js";

/** Where an item is looked for when it does not wait any more. */
const SECTIONS = { question: "questions", message: "inbox" };

function show() {
  const item = parseItem(location.hash);
  if (!item) return;
  const place = document.getElementById(`${item.kind}-${item.id}`);
  if (!place) {
    focusSection(SECTIONS[item.kind]);
    return;
  }
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest" });
}

/** Follows the address; `ready` says that the page knows what waits. */
export function useItemInAddress(ready) {
  useEffect(() => {
    if (!ready) return undefined;
    // What else follows the address, such as an agent's page that lies on top, goes first.
    const later = () => setTimeout(show);
    later();
    addEventListener("hashchange", later);
    return () => removeEventListener("hashchange", later);
  }, [ready]);
}
