// Owns the arithmetic of a list of which only what is in view is in the page: where each row stands by its
// height, measured or guessed, and which rows a view shows.

/** What stays in view of a row that keeps the place, in pixels, when it becomes shorter. */
const SLIVER = 40;

/** Heights of rows that have gone are kept for this many times as many rows as there are. */
const KEPT = 4;

/**
 * The layout of a list whose rows have keys; every y is in pixels from the start of the first row.
 * A row is as high as it was when it was last measured, and before that as `guess(row)` says.
 */
export function createLayout() {
  let rows = [];
  let heights = new Float64Array(0);
  // tops[i] is where row i begins; the last one is where the list ends. Those after `valid` are out of date.
  let tops = new Float64Array(1);
  let valid = 0;
  let places = new Map();
  let measured = new Map();

  function forgetOld() {
    if (measured.size <= KEPT * (rows.length + 100)) return;
    measured = new Map([...measured].filter(([key]) => places.has(key)));
  }

  function top(index) {
    for (; valid < index; valid += 1) tops[valid + 1] = tops[valid] + heights[valid];
    return tops[index];
  }

  return {
    get count() {
      return rows.length;
    },
    get total() {
      return top(rows.length);
    },
    top,
    /** The place of a key among the rows, or -1. */
    indexOf: (key) => places.get(key) ?? -1,

    /** Takes the rows as they are now; `rows` is not looked at again while it is the same array. */
    take(next, guess) {
      if (next === rows) return;
      rows = next;
      places = new Map(rows.map((row, index) => [row.key, index]));
      heights = Float64Array.from(rows, (row) => measured.get(row.key) ?? guess(row));
      tops = new Float64Array(rows.length + 1);
      valid = 0;
      forgetOld();
    },

    /** Whether the height of row `index` was another one until now. */
    measure(index, height) {
      measured.set(rows[index].key, height);
      if (heights[index] === height) return false;
      heights[index] = height;
      valid = Math.min(valid, index);
      return true;
    },

    /** The row at `y`, the first one above all and the last one below all; -1 of an empty list. */
    rowAt(y) {
      let low = 0;
      let high = rows.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (top(middle) <= y) low = middle;
        else high = middle - 1;
      }
      return Math.min(low, rows.length - 1);
    },

    /** {start, end} of the rows between two heights, `end` not included. */
    between(from, to) {
      if (!rows.length) return { start: 0, end: 0 };
      return { start: this.rowAt(from), end: this.rowAt(to) + 1 };
    },

    /**
     * What must not move when the list changes: the first row in view, but none before `first`, and where it
     * stands in the view.
     */
    anchorAt(y, first = 0) {
      if (!rows.length) return null;
      const index = Math.max(first, this.rowAt(y));
      return { key: rows[index].key, offset: top(index) - y };
    },

    /** Where the view begins for the anchor to stand where it stood; null when the anchor has gone. */
    placeOf({ key, offset }) {
      const index = this.indexOf(key);
      if (index < 0) return null;
      // A row that was folded, and would be out of view now, stays in view with its end.
      const folded = offset + heights[index] <= 0;
      return top(index) - (folded ? Math.min(0, SLIVER - heights[index]) : offset);
    },
  };
}

/** Whether the rows of `range` fill what `seen` names. */
export function covers(range, seen) {
  return range.start <= seen.start && range.end >= seen.end;
}
