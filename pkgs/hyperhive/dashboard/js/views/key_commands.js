// What each key does: moves the keyboard between sections, rows and fields. Loaded with the first of them.
import { HIVE_ADDRESS, sideAddress } from "../address.js";
import { focusSection } from "./context.js";
import { RECALL } from "./virtual_list.js";

/** Frames that a section gets to appear in after what covered it was closed. */
const FRAMES = 20;
const COMPOSERS = ".panel .composer, .flow > .composer";
const FILTERS = ".panel [type=search], .flow [type=search]";

function isVisible(element) {
  return element.checkVisibility({ visibilityProperty: true });
}

function firstVisible(selector) {
  return [...document.querySelectorAll(selector)].find(isVisible);
}

// What stands beside the hive may cover what is looked for: then it is closed first.
async function whenVisible(selector, act) {
  if (!firstVisible(selector)) location.hash = HIVE_ADDRESS;
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const found = firstVisible(selector);
    if (found) {
      act(found);
      return;
    }
    await new Promise(requestAnimationFrame);
  }
}

const toSection = (id) => () => whenVisible(`#${id}-title`, () => focusSection(id));

let lastList = null;

// The list that has the keyboard, or had it before its row went away.
function currentList() {
  const here = document.activeElement.closest("section:has([data-row])");
  if (here) lastList = here;
  const kept = document.activeElement === document.body && lastList?.isConnected && isVisible(lastList);
  return here ?? (kept ? lastList : firstVisible("section:has([data-row])"));
}

function inView(row, box) {
  const { top, bottom } = row.getBoundingClientRect();
  return bottom > box.top && top < box.bottom;
}

function nextRow(list, by) {
  const rows = [...list.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement.closest("[data-row]"));
  if (at >= 0) return rows[at + by];
  const box = (list.querySelector(".scroll") ?? list).getBoundingClientRect();
  const seen = rows.filter((row) => inView(row, box));
  return by > 0 ? seen[0] : seen.at(-1);
}

// Of a long list only the rows around the view are in the page: at their end it is moved on, and asked again.
// From the row on, so that keys which lead nowhere yet do not add up until the row itself has left.
function moveOn(list, by) {
  const box = list.querySelector(".scroll");
  if (!box) return false;
  document.activeElement.closest("[data-row]")?.scrollIntoView({ block: "nearest" });
  const before = box.scrollTop;
  box.scrollTop += (by * box.clientHeight) / 2;
  return box.scrollTop !== before;
}

// The row that had the keyboard may have left the page; if the list knows it, it is where the step begins.
async function recallRow(list) {
  const box = list.querySelector(".scroll");
  if (!box || document.activeElement !== box) return;
  const known = !box.dispatchEvent(new Event(RECALL, { cancelable: true }));
  for (let frame = 0; known && frame < FRAMES && document.activeElement === box; frame += 1) {
    await new Promise(requestAnimationFrame);
  }
}

async function step(by) {
  const list = currentList();
  if (!list) return;
  lastList = list;
  await recallRow(list);
  for (let tries = 0; tries < FRAMES; tries += 1) {
    const next = nextRow(list, by);
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
      return;
    }
    if (tries === 0 && !moveOn(list, by)) return;
    await new Promise(requestAnimationFrame);
  }
}

// A row's own buttons say by `data-press` which key presses them.
function press(name) {
  const row = document.activeElement.closest("[data-row]");
  const button = row?.querySelector(`[data-press="${name}"]`);
  if (name === "options") button?.focus();
  else button?.click();
}

function compose(composer) {
  const to = composer.querySelector(".to");
  (to && !to.value ? to : composer.querySelector("textarea")).focus();
}

const commands = {
  need: () => document.querySelector(".needs .need")?.click(),
  questions: toSection("questions"),
  inbox: toSection("inbox"),
  agents: toSection("agents"),
  messages: toSection("flow"),
  hive: () => {
    location.hash = HIVE_ADDRESS;
  },
  stats: () => {
    location.hash = sideAddress("stats");
  },
  doctor: () => {
    location.hash = sideAddress("doctor");
  },
  next: () => step(1),
  previous: () => step(-1),
  compose: () => whenVisible(COMPOSERS, compose),
  filter: () => whenVisible(FILTERS, (field) => field.focus()),
};

/** Follows a command of keys.js; resolves when the keyboard is where it leads. */
export function follow(command) {
  return command.startsWith("press:") ? press(command.slice(6)) : commands[command]();
}
