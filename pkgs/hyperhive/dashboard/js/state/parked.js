// Owns parked mail: messages of the whole hive that turns failed with, which wait for the operator.
import { upsert, upsertAll } from "./paged.js";

/** `rows` ascend by id; `more` says that there are older ones. */
export const noParked = { rows: [], more: false };

/** What is parked on its way to one agent. */
export function parkedFor({ rows }, name) {
  return rows.filter(({ recipient }) => recipient === name);
}

export function parkedReducer(parked, action) {
  switch (action.type) {
    case "snapshot": {
      const { parked: rows = [], parked_before: before = null } = action.snapshot;
      return { rows: upsertAll([], rows), more: before !== null };
    }
    case "message": {
      const { id, state } = action.data;
      if (state === "parked") return { ...parked, rows: upsert(parked.rows, action.data) };
      if (!parked.rows.some((row) => row.id === id)) return parked;
      return { ...parked, rows: parked.rows.filter((row) => row.id !== id) };
    }
    default:
      return parked;
  }
}
