// Tool calls in words: one headline, and parts that say how they are to be read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTool } from "../../dashboard/js/tools.js";

const text = (label, value) => ({ form: "text", label, text: value });

test("commands, files and messages have a headline, and anything else is said key by key", () => {
  assert.deepEqual(describeTool("Bash", { command: "ls -l", description: "List", timeout: 5 }), {
    name: "Bash",
    headline: "$ ls -l",
    note: "List",
    parts: [text("timeout", "5")],
  });
  assert.deepEqual(describeTool("mcp__hyperhive__send", { to: "bob", body: "hi", in_reply_to: 3 }), {
    name: "send",
    headline: "to bob",
    note: "",
    parts: [{ form: "prose", label: "", text: "hi" }, text("in_reply_to", "3")],
  });
  assert.deepEqual(describeTool("mcp__hyperhive__ask", { question: "Which?", options: ["a", "b"] }).parts, [
    { form: "prose", label: "", text: "Which?" },
    text("options", "a · b"),
  ]);
  assert.deepEqual(describeTool("mcp__forge__issue", { id: 7, tags: [1] }), {
    name: "mcp__forge__issue",
    headline: "",
    note: "",
    parts: [text("id", "7"), text("tags", "[\n  1\n]")],
  });
});

test("edits are differences", () => {
  const edit = { file_path: "a.py", old_string: "one", new_string: "two", replace_all: true };
  assert.deepEqual(describeTool("Edit", edit), {
    name: "Edit",
    headline: "a.py",
    note: "every place",
    parts: [{ form: "difference", label: "", before: "one", after: "two" }],
  });
  assert.deepEqual(describeTool("Write", { file_path: "a.py", content: "one" }).parts, [
    { form: "difference", label: "", before: "", after: "one" },
  ]);
  const two = [
    { old_string: "a", new_string: "b" },
    { old_string: "c", new_string: "d" },
  ];
  assert.deepEqual(describeTool("MultiEdit", { file_path: "a.py", edits: two }).parts, [
    { form: "difference", label: "1", before: "a", after: "b" },
    { form: "difference", label: "2", before: "c", after: "d" },
  ]);
});

test("a list of things to do is a list", () => {
  const todos = [{ content: "one", status: "completed" }, { content: "two", status: "pending" }, "three"];
  assert.deepEqual(describeTool("TodoWrite", { todos }).parts, [text("", "☑ one\n☐ two\n· three")]);
});

test("a headline is one line, and what does not fit is a part", () => {
  const { headline, parts } = describeTool("Bash", { command: "cat <<EOF\nline\nEOF" });
  assert.deepEqual(
    [headline, parts],
    ["$ cat <<EOF …", [{ form: "code", label: "", text: "$ cat <<EOF\nline\nEOF" }]],
  );
  assert.equal(describeTool("Bash", { command: "x".repeat(5000) }).headline.length, 302);
});

test("input of any shape is text in the end", () => {
  for (const input of [null, 5, "x", [], ["a"], {}, { command: {} }, { edits: "x", todos: 5 }, { edits: [null] }]) {
    for (const name of ["Bash", "Edit", "MultiEdit", "Write", "TodoWrite", "Task", "mcp__hyperhive__send", "constructor"]) {
      const { headline, note, parts } = describeTool(name, input);
      const texts = parts.flatMap((part) => (part.form === "difference" ? [part.before, part.after] : [part.text]));
      assert.deepEqual([...new Set([headline, note, ...texts].map((one) => typeof one))], ["string"], `${name} ${JSON.stringify(input)}`);
    }
  }
});
