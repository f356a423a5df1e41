// What was typed before, newest last, and the walk through it. Pure.

/** Texts that are kept, and the longest of them. */
export const KEPT = 100;
export const LONGEST = 4000;

/** The list with `text` as its newest; the same text before goes, and one that is too long is not kept. */
export function remember(list, text) {
  if (!text.trim() || text.length > LONGEST) return list;
  return [...list.filter((one) => one !== text), text].slice(-KEPT);
}

/** The list of a stored string; empty when that is nothing of ours. */
export function stored(string) {
  try {
    const list = JSON.parse(string);
    return Array.isArray(list) ? list.filter((one) => typeof one === "string").slice(-KEPT) : [];
  } catch {
    return [];
  }
}

/** Nothing of the list is shown; what is being written is. */
export const writing = { at: null, draft: "" };

/**
 * One step through the list, -1 back and 1 forward, from `place` {at, draft} where `text` is shown:
 * {place, text}, or null where there is no further step. Behind the newest waits what was being written.
 */
export function step(list, place, text, by) {
  const { at, draft } = place.at === null ? { at: list.length, draft: text } : place;
  const next = at + by;
  if (next < 0 || next > list.length || (place.at === null && by > 0)) return null;
  if (next === list.length) return { place: writing, text: draft };
  return { place: { at: next, draft }, text: list[next] };
}
