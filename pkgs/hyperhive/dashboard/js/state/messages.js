// Owns the message flow: which messages are known, how far back that is complete, and the filter.
import { find, position, upsert, upsertAll, withOlder } from "./rows.js";

export const NO_FILTER = { agent: "", state: "", text: "" };

/**
 * Rows that stay when the flow is trimmed at its live end, and most that come on top of what was paged back
 * while nobody is at that end; then so many of the oldest go at a time.
 */
export const KEPT = 400;
export const MOST = 5000;
const CUT = 1000;

/**
 * `rows` ascend by id. Every message with an id of at least `floor` is among them; 0 is the beginning.
 * `filterFloor` says the same of the messages that match the filter. `most` rows at a time are kept.
 */
export const noMessages = {
  rows: [],
  floor: Infinity,
  filter: NO_FILTER,
  filterFloor: Infinity,
  most: MOST,
  loading: false,
  error: null,
};

export function isFiltered(filter) {
  return Boolean(filter.agent || filter.state || filter.text);
}

export function matches(message, filter) {
  const { agent, state, text } = filter;
  if (agent && message.sender !== agent && message.recipient !== agent) return false;
  if (state && message.state !== state) return false;
  return !text || message.body.toLowerCase().includes(text.toLowerCase());
}

/** How far back the shown list is complete. */
export function shownFloor(slice) {
  return isFiltered(slice.filter) ? Math.min(slice.filterFloor, slice.floor) : slice.floor;
}

export function shown(slice) {
  const { rows, filter } = slice;
  const known = rows.slice(position(rows, shownFloor(slice)));
  return isFiltered(filter) ? known.filter((row) => matches(row, filter)) : known;
}

/** Names that the filter and the composer may offer besides the agents that exist now. */
export function correspondents(slice) {
  const names = new Set();
  for (const row of slice.rows) names.add(row.sender).add(row.recipient);
  return names;
}

// A snapshot replaces what is known. `older` are pages that were fetched again to keep the place of
// somebody who had paged back; `olderFloor` is how far they reach.
function fromSnapshot(slice, { snapshot, older = [], olderFloor }) {
  const rows = upsertAll(older, snapshot.messages);
  const floor = olderFloor ?? snapshot.messages_before ?? 0;
  return { ...slice, rows, floor, filterFloor: floor, most: MOST + rows.length, loading: false, error: null };
}

function latest(slice, count) {
  const rows = slice.rows.slice(-count);
  const floor = Math.max(slice.floor, rows[0].id);
  return { ...slice, rows, floor, filterFloor: floor, most: MOST };
}

function withMessage(slice, message) {
  if (message.id < shownFloor(slice) && !find(slice.rows, message.id)) return slice;
  const rows = upsert(slice.rows, message);
  if (rows.length <= slice.most) return { ...slice, rows };
  return { ...latest({ ...slice, rows }, slice.most - CUT), most: slice.most };
}

function withPage(slice, { page, filter }) {
  if (filter !== slice.filter) return slice;
  const floor = page.next_before ?? 0;
  const rows = withOlder(slice.rows, page.messages);
  const reach = isFiltered(filter) ? { filterFloor: floor } : { floor };
  const most = slice.most + page.messages.length;
  return { ...slice, ...reach, rows, most, loading: false, error: null };
}

function trimmed(slice) {
  if (slice.rows.length <= KEPT || isFiltered(slice.filter)) return slice;
  return latest(slice, KEPT);
}

export function messagesReducer(slice, action) {
  switch (action.type) {
    case "snapshot":
      return fromSnapshot(slice, action);
    case "message":
      return withMessage(slice, action.data);
    case "flow/filter":
      return { ...slice, filter: action.filter, filterFloor: slice.floor, loading: false, error: null };
    case "flow/loading":
      return { ...slice, loading: true, error: null };
    case "flow/page":
      return withPage(slice, action);
    case "flow/failed":
      return action.filter === slice.filter ? { ...slice, loading: false, error: action.error } : slice;
    case "flow/trim":
      return trimmed(slice);
    default:
      return slice;
  }
}
