// The window onto a long list: where rows stand, which are in view, and what keeps its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { covers, createLayout } from "../../dashboard/js/state/window.js";
import { range } from "./samples.mjs";

const rowsOf = (from, to) => range(from, to).map((key) => ({ key }));

function layoutOf(rows, guess = () => 20) {
  const layout = createLayout();
  layout.take(rows, guess);
  return layout;
}

test("rows stand one below the other by their guessed heights until they are measured", () => {
  const layout = layoutOf(rowsOf(1, 5), ({ key }) => 10 * key);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(layout.top), [0, 10, 30, 60, 100, 150]);
  assert.equal(layout.measure(1, 50), true);
  assert.equal(layout.measure(1, 50), false);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(layout.top), [0, 10, 60, 90, 130, 180]);
  assert.equal(layout.total, 180);
});

test("the row at a height is found, and the nearest one beyond the list", () => {
  const layout = layoutOf(rowsOf(1, 5));
  assert.deepEqual([-1, 0, 19.9, 20, 99, 100, 5000].map((y) => layout.rowAt(y)), [0, 0, 0, 1, 4, 4, 4]);
  assert.equal(layoutOf([]).rowAt(0), -1);
  assert.deepEqual(layout.between(25, 45), { start: 1, end: 3 });
  assert.deepEqual(layoutOf([]).between(0, 100), { start: 0, end: 0 });
});

test("the place stays when rows come above it, go above it, or turn out to be of another height", () => {
  const layout = layoutOf(rowsOf(10, 20));
  const anchor = layout.anchorAt(65);
  assert.deepEqual(anchor, { key: 13, offset: -5 });
  assert.equal(layout.placeOf(anchor), 65);
  layout.measure(0, 120);
  assert.equal(layout.placeOf(anchor), 165);
  layout.take(rowsOf(1, 20), () => 30);
  assert.equal(layout.placeOf(anchor), 9 * 30 + 120 + 2 * 30 + 5);
  layout.take(rowsOf(12, 20), () => 30);
  assert.equal(layout.placeOf(anchor), 30 + 5);
  layout.take(rowsOf(15, 20), () => 30);
  assert.equal(layout.placeOf(anchor), null);
});

test("a measured height outlives the row's absence", () => {
  const layout = layoutOf(rowsOf(1, 3));
  layout.measure(1, 77);
  layout.take(rowsOf(4, 5), () => 20);
  layout.take(rowsOf(1, 3), () => 20);
  assert.equal(layout.total, 20 + 77 + 20);
});

test("a long row that is folded above the view stays in it with its end", () => {
  const layout = layoutOf(rowsOf(1, 3));
  layout.measure(1, 3000);
  const anchor = layout.anchorAt(2520);
  assert.deepEqual(anchor, { key: 2, offset: -2500 });
  layout.measure(1, 100);
  assert.equal(layout.placeOf(anchor), 20 + 60);
});

test("a range covers what is seen when it begins no later and ends no earlier", () => {
  assert.equal(covers({ start: 2, end: 9 }, { start: 2, end: 9 }), true);
  assert.equal(covers({ start: 3, end: 9 }, { start: 2, end: 9 }), false);
  assert.equal(covers({ start: 2, end: 8 }, { start: 2, end: 9 }), false);
});

test("a hundred thousand rows are found by a few looks, also after one of them grew", () => {
  const layout = layoutOf(rowsOf(0, 99_999));
  assert.equal(layout.rowAt(1_999_990), 99_999);
  layout.measure(99_990, 500);
  assert.deepEqual(layout.between(1_999_800, 1_999_850), { start: 99_990, end: 99_991 });
  assert.equal(layout.total, 2_000_480);
});
