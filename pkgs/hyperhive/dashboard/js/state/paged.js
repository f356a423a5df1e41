// Rows that ascend by a growing id, and the lists of them that are fetched in pages while they grow live: the
// message flow, the operator's inbox, an agent's inbox and an agent's log.

/**
 * A list knows every row of its own from `before` on and up to `after`. Each asks for the next page in its
 * direction and is null where there is none. `opened` counts how often the list began anew; `status`: closed,
 * loading (its first page), ready, before or after (a page in that direction is on its way), stale, failed.
 */
export const noPages = { opened: 0, before: null, after: null, status: "closed", error: null };

/** The list from its beginning: what it was asked until now is not answered any more. */
export function anew(list, fields) {
  return { ...list, ...noPages, status: "ready", opened: list.opened + 1, ...fields };
}

/** Whether `action` answers what its list was asked before it began anew. */
export function isLate(state, { list, opened }) {
  return list !== undefined && opened !== state[list].opened;
}

/** Whether an answer is on its way that may be older than what the stream tells meanwhile. */
export function isWaiting({ status }) {
  return ["loading", "before", "after"].includes(status);
}

/** Whether the list knows every row of its own with that id. */
export function reaches({ before, after }, id) {
  return id >= (before ?? 0) && id <= (after ?? Infinity);
}

/** The list of that name after an action on its pages; only one without rows shows a failure in their place. */
export function pagedReducer(name, list, action, hasRows = true) {
  if (action.list !== name) return list;
  const { cursor = null } = action;
  switch (action.type) {
    case "page/asked":
      return { ...list, status: cursor, error: null };
    case "page/came":
      if (list.status !== cursor) return list;
      return { ...list, [cursor]: action.page[`next_${cursor}`], status: "ready", error: null };
    case "page/failed":
      return { ...list, status: cursor || hasRows ? "ready" : "failed", error: action.error };
    default:
      return list;
  }
}

/** Where `id` stands or would stand in `rows`, which ascend by id. */
export function position(rows, id) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function find(rows, id) {
  const row = rows[position(rows, id)];
  return row?.id === id ? row : undefined;
}

/** `rows` with `row` in its place; one with the same id is replaced. */
export function upsert(rows, row) {
  const at = position(rows, row.id);
  const same = rows[at]?.id === row.id ? 1 : 0;
  return [...rows.slice(0, at), row, ...rows.slice(at + same)];
}

export function upsertAll(rows, more) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of more) byId.set(row.id, row);
  return [...byId.values()].sort((left, right) => left.id - right.id);
}

/** `select` of rows, with the same array as before while the same rows are in it. */
export function steady(select) {
  let last = [];
  return (state) => {
    const rows = select(state);
    if (rows.length !== last.length || rows.some((row, at) => row !== last[at])) last = rows;
    return last;
  };
}
