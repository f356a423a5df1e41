// The slash commands of an agent's page: what there is, what a line means, what could complete it; and what was
// typed before, newest last. Pure.
import { modelChoices } from "./agents.js";

const NAMED = /^\/(\S*)(?:\s+([^]*))?$/;
const SHOWN = 60;

/** {name, summary, argument?}: `argument` stands for what has to follow. */
export const COMMANDS = [
  { name: "help", summary: "shows what can be typed here" },
  { name: "model", argument: "NAME", summary: "uses that model from the next turn on" },
  { name: "cancel", summary: "ends the running turn; its mail goes back to the queue" },
  { name: "compact", summary: "makes the session's context smaller, after the running turn" },
  { name: "new-session", summary: "begins with an empty context, after the running turn" },
  { name: "clear", summary: "empties the log in this window; nothing is deleted" },
];

const known = COMMANDS.map(({ name }) => `/${name}`).join(", ");

function cut(text) {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function command(name, argument, agent) {
  const found = COMMANDS.find((one) => one.name === name.toLowerCase());
  if (!found) {
    return { kind: "wrong", reason: `There is no /${cut(name)}, only ${known}. A text that begins with / is sent as //…` };
  }
  if (!found.argument && argument) return { kind: "wrong", reason: `/${found.name} takes nothing behind it.` };
  if (found.name === "model") {
    const names = modelChoices(agent).map((one) => one.name);
    if (!names.includes(argument)) {
      const given = argument ? `There is no model ${cut(argument)}` : "/model needs a name";
      return { kind: "wrong", reason: `${given}: ${names.join(", ")}.` };
    }
  }
  return { kind: "command", name: found.name, argument };
}

/**
 * What a typed text is: {kind: "text", text} to be sent, {kind: "command", name, argument}, or
 * {kind: "wrong", reason} of which nothing is sent. `//` begins a text with one slash.
 */
export function read(text, agent) {
  if (text.startsWith("//")) return { kind: "text", text: text.slice(1) };
  if (!text.startsWith("/")) return { kind: "text", text };
  const [, name, argument = ""] = text.match(NAMED);
  return command(name, argument.trim(), agent);
}

/** What could stand there instead of `text`: {value, label, note}; nothing while it is no command. */
export function completions(text, agent) {
  if (!text.startsWith("/") || text.startsWith("//") || text.includes("\n")) return [];
  const typed = text.slice(1).toLowerCase();
  const argument = typed.match(/^model\s+(.*)$/)?.[1];
  if (argument !== undefined) {
    return modelChoices(agent)
      .filter(({ name }) => name.toLowerCase().includes(argument))
      .map(({ name, note }) => ({ value: `/model ${name}`, label: name, note }));
  }
  return COMMANDS.filter(({ name }) => name.startsWith(typed)).map((one) => ({
    value: `/${one.name}${one.argument ? " " : ""}`,
    label: `/${one.name}${one.argument ? ` ${one.argument}` : ""}`,
    note: one.summary,
  }));
}

/** Texts that are kept, and the longest of them. */
export const KEPT = 100;
export const LONGEST = 4000;

/** The list with `text` as its newest; the same text before goes, and one that is too long is not kept. */
export function remember(list, text) {
  if (!text.trim() || text.length > LONGEST) return list;
  return [...list.filter((one) => one !== text), text].slice(-KEPT);
}

/** The list of a stored string; empty when that is nothing of ours. */
export function stored(string) {
  try {
    const list = JSON.parse(string);
    return Array.isArray(list) ? list.filter((one) => typeof one === "string").slice(-KEPT) : [];
  } catch {
    return [];
  }
}

/** Nothing of the list is shown; what is being written is. */
export const writing = { at: null, draft: "" };

/**
 * One step through the list, -1 back and 1 forward, from `place` {at, draft} where `text` is shown:
 * {place, text}, or null where there is no further step. Behind the newest waits what was being written.
 */
export function step(list, place, text, by) {
  const { at, draft } = place.at === null ? { at: list.length, draft: text } : place;
  const next = at + by;
  if (next < 0 || next > list.length || (place.at === null && by > 0)) return null;
  if (next === list.length) return { place: writing, text: draft };
  return { place: { at: next, draft }, text: list[next] };
}
