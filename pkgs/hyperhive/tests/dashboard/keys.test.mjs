// The keys of the page: single ones, sequences, and what is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isComposing, KEYS, keyReader } from "../../dashboard/js/keys.js";

const typed = (keys, pause = 100) => {
  const read = keyReader();
  return [...keys].map((key, index) => read(key, index * pause));
};

test("a single key is a command at once", () => {
  assert.deepEqual(typed("jk?"), ["next", "previous", "keys"]);
});

test("two keys of a sequence are one command, and other letters after the first are none", () => {
  assert.deepEqual(typed("gi"), [null, "inbox"]);
  assert.deepEqual(typed("gjj"), [null, null, "next"]);
  assert.deepEqual(typed("ggd"), [null, null, null]);
  assert.deepEqual(typed("zi"), [null, null]);
});

test("a sequence that is not ended soon is forgotten", () => {
  assert.deepEqual(typed("gi", 2000), [null, null]);
  assert.deepEqual(typed("gj", 2000), [null, "next"]);
});

test("no key does two things, and each says what it does", () => {
  const all = KEYS.flatMap(({ keys }) => keys);
  const keys = all.map(([key]) => key);
  assert.equal(new Set(keys).size, keys.length);
  const beginnings = new Set(keys.filter((key) => key.includes(" ")).map((key) => key[0]));
  assert.deepEqual(keys.filter((key) => beginnings.has(key)), []);
  assert.ok(all.every(([, , words]) => words.length > 3));
});

test("the Enter of an input method is its own, also when Safari sends it after the composition", () => {
  const enter = { key: "Enter", isComposing: false, keyCode: 13 };
  assert.equal(isComposing(enter), false);
  assert.equal(isComposing({ ...enter, isComposing: true }), true);
  assert.equal(isComposing({ ...enter, keyCode: 229 }), true);
});
