// Makes a tool call readable: one headline and the parts worth reading. Pure; every value stays text.

const OWN = "mcp__hyperhive__";

/** A string as it is, anything else as JSON. */
export function asText(value) {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

function rest(input, ...shown) {
  return Object.entries(input)
    .filter(([key]) => !shown.includes(key))
    .map(([label, value]) => ({ label, text: asText(value) }));
}

const KNOWN = {
  Bash: ({ command, ...input }) => ({ headline: `$ ${asText(command)}`, parts: rest(input, "description") }),
  Read: ({ file_path: path, ...input }) => ({ headline: path, parts: rest(input) }),
  Write: ({ file_path: path, content }) => ({ headline: path, parts: [{ label: "content", text: content }] }),
  Edit: ({ file_path: path, old_string: before, new_string: after }) => ({
    headline: path,
    parts: [
      { label: "−", text: before },
      { label: "+", text: after },
    ],
  }),
  Grep: ({ pattern, ...input }) => ({ headline: pattern, parts: rest(input) }),
  Glob: ({ pattern, ...input }) => ({ headline: pattern, parts: rest(input) }),
  [`${OWN}send`]: ({ to, body, ...input }) => ({
    headline: `to ${to}`,
    parts: [{ label: "", text: body }, ...rest(input)],
  }),
  [`${OWN}ask`]: ({ question, ...input }) => ({
    headline: `asks ${input.to ?? "operator"}`,
    parts: [{ label: "", text: question }, ...rest(input, "to")],
  }),
  [`${OWN}answer`]: ({ id, answer }) => ({
    headline: `question ${id}`,
    parts: [{ label: "", text: answer }],
  }),
};

/** {name, headline, parts: [{label, text}]} of a `tool_use` or `refused` event's tool and input. */
export function describeTool(name, input) {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : (given) => ({ headline: "", parts: rest(given) });
  const given = input && typeof input === "object" && !Array.isArray(input) ? input : { input };
  const { headline = "", parts } = known(given);
  return {
    name: name.startsWith(OWN) ? name.slice(OWN.length) : name,
    headline: asText(headline),
    parts: parts
      .filter(({ text }) => text !== undefined)
      .map(({ label, text }) => ({ label, text: asText(text) })),
  };
}
