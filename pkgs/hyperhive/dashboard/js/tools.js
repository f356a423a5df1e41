// Makes a tool call readable: one headline and the parts worth reading. Pure; every value stays text.

const OWN = "mcp__hyperhive__";

/** A longer or a further line of a headline goes into a part of its own. */
const HEADLINE = 300;

/** A string as it is, anything else as JSON. */
export function asText(value) {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

// What a list of plain words says, and else as JSON.
function wordsOf(value) {
  const plain = Array.isArray(value) && value.every((one) => typeof one === "string" && one.length < 200);
  return plain ? value.join(" · ") : asText(value);
}

const part = (form, label, value) => ({ form, label, text: asText(value) });
const prose = (value, label = "") => part("prose", label, value);
const code = (value, label = "") => part("code", label, value);

function change(before, after, label = "") {
  return { form: "difference", label, before: asText(before ?? ""), after: asText(after ?? "") };
}

function rest(input, ...shown) {
  return Object.entries(input)
    .filter(([key, value]) => !shown.includes(key) && value !== undefined && value !== null)
    .map(([label, value]) => ({ form: "text", label, text: wordsOf(value) }));
}

const TODO_MARKS = { completed: "☑", in_progress: "◐", pending: "☐" };

function todos(list) {
  if (!Array.isArray(list)) return [code(list, "todos")];
  const line = (one) => `${TODO_MARKS[one?.status] ?? "·"} ${asText(one?.content ?? one)}`;
  return [{ form: "text", label: "", text: list.map(line).join("\n") }];
}

function edits(list) {
  if (!Array.isArray(list)) return [code(list, "edits")];
  return list.map((one, at) => change(one?.old_string, one?.new_string, list.length > 1 ? `${at + 1}` : ""));
}

const headed = (key, ...rests) => (input) => ({ headline: input[key], parts: rest(input, key, ...rests) });

const KNOWN = {
  Bash: ({ command, description, ...input }) => ({
    headline: `$ ${asText(command)}`,
    note: description,
    parts: rest(input),
  }),
  Read: headed("file_path"),
  Write: ({ file_path: path, content }) => ({ headline: path, parts: [change("", content)] }),
  Edit: ({ file_path: path, old_string: before, new_string: after, replace_all: all }) => ({
    headline: path,
    note: all === true ? "every place" : undefined,
    parts: [change(before, after)],
  }),
  MultiEdit: ({ file_path: path, edits: list }) => ({ headline: path, parts: edits(list) }),
  NotebookEdit: ({ notebook_path: path, new_source: source, ...input }) => ({
    headline: path,
    parts: [code(source ?? ""), ...rest(input)],
  }),
  Grep: headed("pattern"),
  Glob: headed("pattern"),
  WebFetch: ({ url, prompt }) => ({ headline: url, parts: [prose(prompt ?? "")] }),
  WebSearch: headed("query"),
  Task: ({ description, prompt, ...input }) => ({
    headline: description,
    parts: [prose(prompt ?? ""), ...rest(input)],
  }),
  TodoWrite: ({ todos: list }) => ({ headline: "", parts: todos(list) }),
  ExitPlanMode: ({ plan }) => ({ headline: "", parts: [prose(plan ?? "")] }),
  [`${OWN}send`]: ({ to, body, ...input }) => ({ headline: `to ${asText(to)}`, parts: [prose(body), ...rest(input)] }),
  [`${OWN}ask`]: ({ question, ...input }) => ({
    headline: `asks ${asText(input.to ?? "operator")}`,
    parts: [prose(question), ...rest(input, "to")],
  }),
  [`${OWN}ask_operator`]: ({ question, ...input }) => ({
    headline: "asks operator",
    parts: [prose(question), ...rest(input)],
  }),
  [`${OWN}answer`]: ({ id, answer }) => ({ headline: `question ${asText(id)}`, parts: [prose(answer)] }),
  [`${OWN}start`]: headed("agent"),
  [`${OWN}stop`]: headed("agent"),
  [`${OWN}restart`]: headed("agent"),
};

// A headline is one short line; what does not fit is read below it.
function headlineOf(text) {
  const line = text.split("\n", 1)[0].slice(0, HEADLINE);
  return line.length < text.trimEnd().length ? { headline: `${line} …`, whole: [code(text)] } : { headline: line, whole: [] };
}

const isRead = (one) => one.form === "difference" || one.text !== "";

/**
 * {name, headline, note, parts} of a `tool_use` or `refused` event's tool and input. A part is
 * {form: "text" | "code" | "prose", label, text} or {form: "difference", label, before, after}.
 */
export function describeTool(name, input) {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : (given) => ({ headline: "", parts: rest(given) });
  const given = input && typeof input === "object" && !Array.isArray(input) ? input : { input };
  const { headline, note, parts } = known(given);
  const head = headlineOf(asText(headline ?? ""));
  return {
    name: name.startsWith(OWN) ? name.slice(OWN.length) : name,
    headline: head.headline,
    note: asText(note ?? ""),
    parts: [...head.whole, ...parts].filter(isRead),
  };
}
