// Reads markdown into a tree of plain data: what a view may make of it, and nothing else. What an agent wrote
// never becomes markup by itself: HTML in it stays text, images are not loaded, and only a web or mail
// address becomes a link.
import { Lexer } from "../../vendor/marked.js";

/** Deeper than this, longer than this, or wider than this, a text is shown as it was written. */
const MOST_DEPTH = 12;
const MOST_NODES = 5000;
const MOST_COLUMNS = 24;

const PROTOCOLS = new Set(["http:", "https:", "mailto:"]);
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", hellip: "…", mdash: "—" };
const ENTITY = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g;

function character(code) {
  const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return valid ? String.fromCodePoint(code) : "\ufffd";
}

function decoded(text) {
  return text.replace(ENTITY, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return Object.hasOwn(NAMED, name) ? NAMED[name] : whole;
    return character(decimal === undefined ? parseInt(hexadecimal, 16) : Number(decimal));
  });
}

/** {href, shown} of an address that may become a link, else null; `shown` is where it really leads. */
export function destination(address) {
  let url;
  try {
    url = new URL(decoded(address));
  } catch {
    return null;
  }
  if (!PROTOCOLS.has(url.protocol)) return null;
  if (url.protocol === "mailto:") return { href: url.href, shown: url.href };
  url.username = "";
  url.password = "";
  const rest = url.pathname === "/" && !url.search && !url.hash ? "" : url.pathname + url.search + url.hash;
  return { href: url.href, shown: url.host + rest };
}

class TooMuch extends Error {}

const textNode = (text) => ({ kind: "text", text });

/** Reads tokens with a budget of nodes and of depth. */
function reader() {
  let left = MOST_NODES;

  function spend(depth) {
    left -= 1;
    if (left < 0 || depth > MOST_DEPTH) throw new TooMuch();
  }

  const list = (tokens, depth) => tokens.flatMap((token) => read(token, depth));
  const inside = (kind, more = {}) => {
    return (token, depth) => [{ kind, ...more, children: list(token.tokens ?? [], depth + 1) }];
  };

  function link(token, depth) {
    const children = list(token.tokens ?? [], depth + 1);
    const to = destination(token.href);
    if (to) return [{ kind: "link", ...to, same: isSame(token.text, to), children }];
    return [...children, textNode(token.text === token.href ? "" : ` (${token.href})`)];
  }

  function table(token, depth) {
    if (token.header.length > MOST_COLUMNS) return [{ kind: "code", language: "", text: token.raw.trimEnd() }];
    const row = (cells) => cells.map((cell) => list(cell.tokens, depth + 1));
    return [{ kind: "table", align: token.align, head: row(token.header), rows: token.rows.map(row) }];
  }

  function items(token, depth) {
    const children = token.items.map((item) => {
      spend(depth);
      return list(item.tokens, depth + 1);
    });
    return [{ kind: token.ordered ? "ordered" : "bullets", start: Number(token.start) || 1, items: children }];
  }

  const READERS = {
    space: () => [],
    def: () => [],
    hr: () => [{ kind: "rule" }],
    br: () => [textNode("\n")],
    checkbox: ({ checked }) => [textNode(checked ? "☑ " : "☐ ")],
    escape: ({ text }) => [textNode(text)],
    html: ({ raw, block }) => (block ? [{ kind: "paragraph", children: [textNode(raw.trimEnd())] }] : [textNode(raw)]),
    code: ({ text, lang }) => [{ kind: "code", language: (lang ?? "").slice(0, 30), text }],
    codespan: ({ text }) => [{ kind: "mono", text }],
    image: ({ text, href }) => [textNode(`[image: ${[text, href].filter(Boolean).join(", ")}]`)],
    paragraph: inside("paragraph"),
    heading: (token, depth) => inside("heading", { level: token.depth })(token, depth),
    blockquote: inside("quote"),
    strong: inside("strong"),
    em: inside("emphasis"),
    del: inside("deleted"),
    link,
    table,
    list: items,
    text: (token, depth) => (token.tokens ? inside("lines")(token, depth) : [textNode(decoded(token.text))]),
  };

  function read(token, depth) {
    spend(depth);
    const known = Object.hasOwn(READERS, token.type) ? READERS[token.type] : null;
    return known ? known(token, depth) : [textNode(token.raw)];
  }

  return list;
}

// Whether the words of a link say where it leads.
function isSame(words, { href, shown }) {
  return [href, shown, href.replace(/\/$/, ""), shown.replace("mailto:", "")].includes(words);
}

/** The tree of a text, or null when it is better shown as it is. */
export function readMarkdown(text) {
  try {
    return reader()(new Lexer({ gfm: true }).lex(text), 0);
  } catch (error) {
    // Nested so deeply that the parser ran out of stack, or that nobody could read it.
    if (error instanceof TooMuch || error instanceof RangeError) return null;
    throw error;
  }
}
