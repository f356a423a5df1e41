// Rows sorted by a growing id: replace, insert and cut without touching the old list.

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

/** `rows` with a page of their history, newest first, before them; what was known already stays as it is. */
export function withOlder(rows, page) {
  const older = [...page].reverse();
  return older.at(-1)?.id < rows[0]?.id ? [...older, ...rows] : upsertAll(page, rows);
}

export function without(rows, id) {
  return find(rows, id) ? rows.filter((row) => row.id !== id) : rows;
}
