// Owns the keys of the page: which does what, how a sequence of them is read, and which are none of ours.

/** Two keys of a sequence come within this time. */
const PAUSE_MS = 1500;

/** {title, keys: [[typed, command, words]]}; the keys of a sequence are parted by a space. */
export const KEYS = [
  {
    title: "Go to",
    keys: [
      ["g n", "need", "what needs you most"],
      ["g q", "questions", "questions"],
      ["g i", "inbox", "inbox"],
      ["g a", "agents", "agents"],
      ["g m", "messages", "messages"],
      ["g h", "hive", "the hive alone, with nothing beside it"],
      ["g s", "stats", "stats of the hive"],
      ["g d", "doctor", "the doctor"],
    ],
  },
  {
    title: "In a list",
    keys: [
      ["j", "next", "next row"],
      ["k", "previous", "previous row"],
      ["r", "press:reply", "reply to this row"],
      ["e", "press:read", "mark it read"],
      ["x", "press:fold", "show all of it, or less"],
      ["o", "press:options", "to the answers of a question"],
    ],
  },
  {
    title: "Write and find",
    keys: [
      ["c", "compose", "write a message"],
      ["/", "filter", "search the messages"],
    ],
  },
  {
    title: "Everywhere",
    keys: [
      ["?", "keys", "this list"],
      ["w", null, "an agent's page over the whole width, or beside the hive"],
      ["Enter", null, "open or press; in a text: send"],
      ["Shift+Enter", null, "a new line in a text"],
      ["Esc", null, "leave a field, close what is open"],
    ],
  },
];

const COMMANDS = new Map(
  KEYS.flatMap(({ keys }) => keys)
    .filter(([, command]) => command !== null)
    .map(([typed, command]) => [typed, command]),
);
const BEGINNINGS = new Set([...COMMANDS.keys()].filter((typed) => typed.includes(" ")).map((typed) => typed[0]));

/**
 * Whether an input method has the key. Safari sends the Enter that ends a composition when that is over, so that
 * only the number 229 tells it from one that sends.
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/**
 * Keeps the keys of input methods from all that acts on keys. Called before anything else listens; a terminal
 * reads them itself.
 */
export function withholdComposing() {
  function keyDown(event) {
    if (!isComposing(event) || event.target.closest?.(".screen")) return;
    event.stopImmediatePropagation();
    // A form with one line sends itself.
    if (event.key === "Enter") event.preventDefault();
  }
  document.addEventListener("keydown", keyDown, true);
}

/** A reader of keys: `read(key, ms)` gives the command that the key completes, or null. */
export function keyReader() {
  let begun = "";
  let at = -Infinity;
  return function read(key, ms) {
    const typed = begun && ms - at < PAUSE_MS ? `${begun} ${key}` : key;
    at = ms;
    begun = typed === key && BEGINNINGS.has(key) ? key : "";
    return COMMANDS.get(typed) ?? null;
  };
}
