// What a text hides, shown by marks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visible } from "../../dashboard/js/visible.js";

test("what is seen by itself stays as it is", () => {
  const texts = ["rm -rf x\n\ty", "שלום عالم 日本語　です", "é e\u0301", "👩‍💻 ❤️ 👍🏽 🇩🇪 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "⟨U+202E⟩", ""];
  assert.deepEqual(texts.map(visible), texts);
});

test("every character that turns the order of others is named", () => {
  const turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";
  const names = [...turning].map((one) => `⟨U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
  assert.equal(visible(`a${turning}b`), `a${names.join("")}b`);
});

test("what takes no room is named, also a part of an emoji that makes none", () => {
  const unseen = ["\u00ad", "\u034f", "\u115f", "\u180e", "\u200b", "\u200d", "\u2060", "\u3164", "\ufe0f", "\ufeff", "\uffa0"];
  for (const one of [...unseen, "\u2800", "\ufff9", "\u2028", "\u{e0041}", "\u{e0100}", "\ud83d"]) {
    assert.match(visible(`yes${one}`), /^yes⟨U\+[0-9A-F]{4,5}⟩$/, one.codePointAt(0).toString(16));
  }
  assert.equal(visible("👍\ufe0f"), "👍⟨U+FE0F⟩");
});

test("controls have their names, and other spaces are not the space", () => {
  assert.equal(visible("\u0000\u001b[31m\r\n\u007f\u0085"), "⟨NUL⟩⟨ESC⟩[31m⟨CR⟩\n⟨U+007F⟩⟨U+0085⟩");
  assert.equal(visible("a\u00a0b\u202fc\u2009d"), "a⟨U+00A0⟩b⟨U+202F⟩c⟨U+2009⟩d");
});
