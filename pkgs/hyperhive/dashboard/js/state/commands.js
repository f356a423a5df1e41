// The slash commands of an agent's page: what there is, what a line means, and what could complete it. Pure.
import { modelChoices } from "./models.js";

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
