// What the worker makes of agents' texts: markdown as plain data without markup, and edits line by line.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

const VENDOR = new URL("../../dashboard/vendor/marked.js", import.meta.url);
const skip = existsSync(VENDOR) ? false : "no dashboard/vendor: run `make vendor`";
const load = (name) => import(`../../dashboard/js/parser/${name}.js`);

const words = (text) => ({ kind: "text", text });

/** Every node of a tree, however deep. */
function nodes(tree) {
  const parts = (node) => [node.children, ...(node.items ?? []), ...(node.head ?? []), ...(node.rows?.flat() ?? [])];
  return tree.flatMap((node) => [node, ...parts(node).filter(Boolean).flatMap(nodes)]);
}

const allText = (tree) => nodes(tree).map((node) => node.text ?? "").join("");

test("markdown is read into paragraphs, lists, tables and code", { skip }, async () => {
  const { readMarkdown } = await load("markdown");
  assert.deepEqual(readMarkdown("# A\n\n**b** `c`\n\n- [x] d\n\n```js\ne\n```\n"), [
    { kind: "heading", level: 1, children: [words("A")] },
    {
      kind: "paragraph",
      children: [{ kind: "strong", children: [words("b")] }, words(" "), { kind: "mono", text: "c" }],
    },
    { kind: "bullets", start: 1, items: [[words("☑ "), { kind: "lines", children: [words("d")] }]] },
    { kind: "code", language: "js", text: "e" },
  ]);
  const [table] = readMarkdown("| a | b |\n|---|--:|\n| 1 | 2 |\n");
  assert.deepEqual(table, {
    kind: "table",
    align: [null, "right"],
    head: [[words("a")], [words("b")]],
    rows: [[[words("1")], [words("2")]]],
  });
});

test("markup in markdown stays text, and no image is loaded", { skip }, async () => {
  const { readMarkdown } = await load("markdown");
  for (const hostile of ["<img src=x onerror=alert(1)>", "a <b onclick=alert(1)>c</b>", "<script>alert(1)</script>"]) {
    const tree = readMarkdown(hostile);
    assert.equal(allText(tree), hostile);
  }
  const beacon = readMarkdown("![a](https://evil.test/beacon.png)");
  assert.deepEqual(nodes(beacon).map((node) => node.kind), ["paragraph", "text"]);
  assert.equal(allText(beacon), "[image: a, https://evil.test/beacon.png]");
});

test("only web and mail addresses become links, and say where they lead", { skip }, async () => {
  const { destination, readMarkdown } = await load("markdown");
  for (const refused of [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "javascript&#58;alert(1)",
    "&#106;avascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://a.test/x",
    "/api/logout",
    "//evil.test/x",
    "#/agent/boss",
    "?token=x",
    "http://",
  ]) {
    assert.equal(destination(refused), null, refused);
  }
  assert.deepEqual(destination("https://user:pass@evil.test/a?b#c"), {
    href: "https://evil.test/a?b#c",
    shown: "evil.test/a?b#c",
  });
  assert.equal(destination("https://trusted.test@evil.test").shown, "evil.test");
  assert.equal(destination("https://еvil.test/").shown, "xn--vil-qdd.test");
  const links = (text) => nodes(readMarkdown(text)).filter((node) => node.kind === "link");
  assert.deepEqual(links("[a](javascript:alert(1)) <javascript:alert(1)> [b][1]\n\n[1]: data:text/html,x"), []);
  assert.deepEqual(
    links("[a](https://b.test/c) https://d.test me@e.test").map(({ href, same }) => [href, same]),
    [
      ["https://b.test/c", false],
      ["https://d.test/", true],
      ["mailto:me@e.test", true],
    ],
  );
});

test("entities are the characters that they stand for, and nothing else", { skip }, async () => {
  const { readMarkdown } = await load("markdown");
  assert.equal(allText(readMarkdown("&lt;b&gt; &amp;amp; &#65;&#x42; &unknown; &#0;&#x110000;&#xd800;")), "<b> &amp; AB &unknown; \ufffd\ufffd\ufffd");
});

test("what is nested, long or wide beyond reason is not read", { skip }, async () => {
  const { readMarkdown } = await load("markdown");
  assert.equal(readMarkdown(">".repeat(32_000)), null);
  assert.equal(readMarkdown("1. ".repeat(10_000)), null);
  assert.equal(readMarkdown("> ".repeat(40) + "x"), null);
  assert.equal(readMarkdown("*a* ".repeat(8000)), null);
  const wide = readMarkdown(`|${"a|".repeat(200)}\n|${"-|".repeat(200)}\n`);
  assert.equal(wide[0].kind, "code");
});

test("an edit is told line by line, with the unchanged lines around it", { skip }, async () => {
  const { difference } = await load("difference");
  assert.deepEqual(difference("a\nb\nc", "a\nB\nc\n"), [
    { sign: " ", text: "a" },
    { sign: "-", text: "b" },
    { sign: "+", text: "B" },
    { sign: " ", text: "c" },
  ]);
  assert.deepEqual(difference("", "a\n"), [{ sign: "+", text: "a" }]);
  assert.deepEqual(difference("a", "a").map(({ sign }) => sign), [" "]);
  const long = Array.from({ length: 40 }, (_, at) => `line ${at}`);
  const changed = long.with(20, "changed").join("\n");
  assert.deepEqual(
    difference(long.join("\n"), changed).map(({ sign, text }) => `${sign}${text}`),
    ["…17 unchanged lines", " line 17", " line 18", " line 19", "-line 20", "+changed", " line 21", " line 22", " line 23", "…16 unchanged lines"],
  );
});
