// How many columns characters take: by grapheme, as programs of today count them, also where they are newer than
// the add-on's Unicode 15.
import { UnicodeGraphemesAddon } from "../vendor/addon-unicode-graphemes.module.js";

const VERSION = "hive";
const ROBOT = 0x1f916;
const THAI_LETTER = 0x0e01;

/** Emoji that came after Unicode 15, and the block that new ones go to: each is two columns wide. */
const isNewEmoji = (code) => (code >= 0x1fa70 && code <= 0x1faff) || code === 0x1f6d8;

/** Vowels of Thai and Lao that have a column of their own, although they belong to the character before. */
const hasColumn = (code) => code === 0x0e33 || code === 0x0eb3;

function known(code) {
  if (code < 0x0e33) return code;
  if (isNewEmoji(code)) return ROBOT;
  return hasColumn(code) ? THAI_LETTER : code;
}

/** Has `terminal` count columns this way. */
export function countGraphemes(terminal) {
  let counts = null;
  const register = (provider) => (counts = provider.handleGraphemes ? provider : counts);
  new UnicodeGraphemesAddon().activate({ unicode: { register, activeVersion: "" } });
  terminal.unicode.register({
    version: VERSION,
    wcwidth: (code) => counts.wcwidth(known(code)),
    charProperties: (code, preceding) => counts.charProperties(known(code), preceding),
  });
  terminal.unicode.activeVersion = VERSION;
}
