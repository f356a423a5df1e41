"""The simple commands and redirections of a Bash command line, in the order in which they stand.

tree-sitter-bash proposes a tree. It is believed only where every node has a known type, every gap between two
nodes is blank, and every word reads the same by Bash's own quoting rules; the rest is refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from hyperhive.domain.bash_conditions import read_brackets, read_double_brackets
from hyperhive.domain.bash_parts import Part, harmless_name
from hyperhive.domain.bash_redirections import RedirectionWalk
from hyperhive.domain.bash_refusals import RefusedError, UnparsableError
from hyperhive.domain.bash_walk import MAX_DEPTH, substitutions

MAX_BYTES: Final = 64 * 1024
# The parser can take time quadratic in a broken text and holds the interpreter's lock meanwhile; what stands
# in quotes or here-documents costs it next to nothing.
_MAX_OUTSIDE_QUOTES: Final = 8 * 1024
_QUOTED: Final = re.compile(
    r"""\\.|'[^']*'|"[^"\\$`]*"|(?:^|(?<=[\s;&|()]))\#[^\n]*"""
    r"""|<<-?[ \t]*\\?['"]?(?P<delimiter>\w{1,64})\b[^\n]*+\n""",
    re.DOTALL,
)
_LANGUAGE: Final = Language(tree_sitter_bash.language())
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ASSIGNMENTS: Final = frozenset(
    {"variable_assignment", "variable_assignments", "declaration_command", "unset_command"}
)
_SEQUENCES: Final = frozenset(
    {
        "list",
        "pipeline",
        "negated_command",
        "if_statement",
        "elif_clause",
        "else_clause",
        "while_statement",
        "do_group",
    }
)
_ARITHMETIC_COMMAND: Final = "`((…))` is refused: it can assign variables and run what they contain"


def parse_script(text: str, *, posix: bool = False, depth: int = 0) -> list[Part]:
    """Return what a script runs, including everything inside substitutions.

    Args:
        text: The script.
        posix: Read it as `sh` does: what only Bash knows is refused, as other shells read it differently.
        depth: Nesting of the script itself.

    Raises:
        RefusedError: The script cannot be read with certainty; nothing is known about it.
    """
    if _CONTROL.search(text):
        raise UnparsableError("the command line contains a control character (or a carriage return)")
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise UnparsableError("the command line is not valid text") from None
    if len(data) > MAX_BYTES:
        raise RefusedError("too_long", f"the command line is longer than {MAX_BYTES // 1024} KiB")
    if len(data) > _MAX_OUTSIDE_QUOTES and _outside_quotes(text) > _MAX_OUTSIDE_QUOTES:
        reason = f"it has more than {_MAX_OUTSIDE_QUOTES // 1024} KiB outside quotes and here-documents"
        raise RefusedError("too_long", reason)
    root = Parser(_LANGUAGE).parse(data).root_node
    if root.has_error or root.type != "program":
        raise UnparsableError("the command line could not be parsed")
    walk = _ScriptWalk(data.decode("latin-1"), posix=posix)
    walk.program(root, depth)
    return walk.parts


def _outside_quotes(text: str) -> int:
    """Return roughly how much of a script stands outside quotes, comments and here-documents."""
    length = len(text)
    position = 0
    while found := _QUOTED.search(text, position):
        start, position = found.span()
        if found["delimiter"]:
            start = position
            end = re.compile(rf"^\t*{found['delimiter']}\b", re.MULTILINE).search(text, start)
            if end is None:
                break  # it will be refused for that
            position = end.end()
        length -= position - start
    return length


class _ScriptWalk(RedirectionWalk):
    """The part of the walk that knows compound commands."""

    def __init__(self, source: str, *, posix: bool) -> None:
        super().__init__(source, posix=posix)
        self._handlers: Mapping[str, Callable[[Node, int], None]] = {
            "command": self.command,
            "redirected_statement": self.redirected,
            "file_redirect": self.file_redirect,
            "subshell": self._group,
            "compound_statement": self._group,
            "for_statement": self._for,
            "case_statement": self._case,
            "test_command": self._test,
        }

    def statement(self, node: Node, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise RefusedError("too_deep", "the command line is nested too deeply")
        kind = node.type
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(node, depth + 1)
        elif kind in _SEQUENCES:
            self.sequence(node.children, depth + 1)
        elif kind in _ASSIGNMENTS:
            self.assignment(node)
        elif kind == "function_definition":
            self.problem(
                "function", "a function definition is refused: it can take an allowed command's name"
            )
        elif kind == "c_style_for_statement":
            self.problem("arithmetic", "`for ((…))` is refused; write `for name in 1 2 3`")
        else:
            raise UnparsableError(f"the construct `{self.text(node)}` is not supported")

    def backtick(self, text: str, depth: int) -> None:
        self.parts += parse_script(text, posix=self.posix, depth=depth)

    def _group(self, node: Node, depth: int) -> None:
        """Take `( … )` or `{ … }`."""
        if not self.source.startswith("((", node.start_byte):
            self.sequence(node.children, depth)
        elif node.type == "compound_statement":
            self.problem("arithmetic", _ARITHMETIC_COMMAND)
        else:
            raise UnparsableError("`((` can mean two things; put a blank between the parentheses")

    def _for(self, node: Node, depth: int) -> None:
        keyword, name, *rest = node.children
        if keyword.type != "for" or name.type != "variable_name":
            raise UnparsableError("`select` is not supported")
        self.gap(keyword.end_byte, name.start_byte, newlines=False)
        variable = self.text(name)
        if not harmless_name(variable):
            self.problem(
                "assignment", f"the loop variable `{variable}` could be one that a program looks for"
            )
        end = name.end_byte
        for child in rest:
            is_body = child.type in ("do_group", "compound_statement")
            self.gap(end, child.start_byte, newlines=is_body or child.type == ";")
            end = child.end_byte
            if is_body:
                self.statement(child, depth)
            elif child.type not in (";", "in"):
                self.word(child, depth)

    def _case(self, node: Node, depth: int) -> None:
        keyword, subject, *rest = node.children
        self.gap(keyword.end_byte, subject.start_byte, newlines=False)
        self.word(subject, depth)
        end = subject.end_byte
        for child in rest:
            self.gap(end, child.start_byte, newlines=True)
            end = child.end_byte
            if child.type == "case_item":
                self._case_item(child, depth)
            elif child.type == "comment":
                self.comment(child)
            elif child.type not in ("in", "esac", ";"):
                raise UnparsableError("a `case` could not be read")

    def _case_item(self, node: Node, depth: int) -> None:
        children = node.children
        closing = next((index for index, child in enumerate(children) if child.type == ")"), None)
        if closing is None:
            raise UnparsableError("a `case` could not be read")
        end = node.start_byte
        for child in children[:closing]:
            self.gap(end, child.start_byte, newlines=False)
            end = child.end_byte
            if child.is_named:
                self.word(child, depth)
            elif child.type not in ("|", "("):
                raise UnparsableError("the pattern of a `case` could not be read")
        self.gap(end, children[closing].start_byte, newlines=False)
        self.sequence(children[closing:], depth)

    def _test(self, node: Node, depth: int) -> None:
        """Take `[ … ]` and `[[ … ]]`, which run nothing by themselves."""
        first, last = node.children[0], node.children[-1]
        if (first.type, last.type) not in (("[", "]"), ("[[", "]]")):
            raise RefusedError("arithmetic", _ARITHMETIC_COMMAND)
        if first.type == "[[" and self.posix:
            raise UnparsableError("`[[` means something else in sh")
        read = read_brackets if first.type == "[" else read_double_brackets
        for reading in read(self.reader, first.end_byte, last.start_byte, substitutions(node)):
            self.nested(reading, depth)
