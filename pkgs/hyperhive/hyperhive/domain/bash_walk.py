"""Walking the grammar's tree: every token known, every gap blank, every word read a second time."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from tree_sitter import Node

from hyperhive.domain.bash_expansions import Reading
from hyperhive.domain.bash_parts import Part, Problem
from hyperhive.domain.bash_refusals import RefusedError, UnparsableError
from hyperhive.domain.bash_words import Word, WordReader

MAX_DEPTH: Final = 80
BASH_ONLY: Final = frozenset({"|&", "<(", ">(", ";&", ";;&", "&>", "&>>", "<<<"})
_SEPARATORS: Final = frozenset(
    {";", "&", "&&", "||", "|", "|&", ";;", ";&", ";;&", "(", ")", "$(", "<(", ">("}
)
_KEYWORDS: Final = frozenset(
    {"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{", "}"}
)
_CLAUSES: Final = frozenset({"elif_clause", "else_clause"})  # they hold their last separator themselves
_SUBSTITUTIONS: Final = frozenset({"command_substitution", "process_substitution"})


class Walk(ABC):
    """One pass over one tree, collecting parts.

    Attributes:
        parts: What was found, in order; the scripts inside a word before the command that it belongs to.
        source: The script's UTF-8 bytes as Latin-1 characters.
        posix: The script is for `sh`, which need not be Bash.
        reader: Reads the words of `source`.
    """

    def __init__(self, source: str, *, posix: bool) -> None:
        """Walk over the tree of `source`."""
        self.parts: list[Part] = []
        self.source = source
        self.posix = posix
        self.reader = WordReader(source, posix=posix)

    @abstractmethod
    def statement(self, node: Node, depth: int) -> None:
        """Take one statement."""

    @abstractmethod
    def backtick(self, text: str, depth: int) -> None:
        """Take the script of a backtick substitution."""

    def program(self, node: Node, depth: int) -> None:
        """Take a whole script.

        Raises:
            RefusedError: It cannot be read with certainty.
        """
        children = node.children
        if all(child.type == "comment" for child in children):
            raise UnparsableError("the command line contains no command")
        self.gap(0, children[0].start_byte, newlines=True)
        self.sequence(children, depth)
        self.gap(children[-1].end_byte, len(self.source), newlines=True)

    def sequence(self, children: Iterable[Node], depth: int) -> None:
        """Take statements with the tokens, comments and blank gaps between them."""
        end = -1
        separated = True
        for child in children:
            start = child.start_byte
            if end >= 0:
                self.gap(end, start, newlines=True)
                separated = separated or "\n" in self.source[end:start].replace("\\\n", "")
            end = child.end_byte
            if not child.is_named:
                self.token(child)
                separated = True
            elif child.type == "comment":
                self.comment(child)
            elif separated:
                self.statement(child, depth)
                separated = child.type in _CLAUSES
            else:
                raise UnparsableError("two commands touch each other")

    def token(self, node: Node) -> None:
        """Take a separator or a reserved word, which must stand alone to be one."""
        kind = node.type
        if self.posix and kind in BASH_ONLY:
            raise UnparsableError(f"`{kind}` means something else in sh")
        if kind in _KEYWORDS:
            before = self.source[node.start_byte - 1 : node.start_byte]
            after = self.source[node.end_byte : node.end_byte + 1]
            if before not in ("", *" \t\n;&|()") or after not in ("", *" \t\n;&|)"):
                raise UnparsableError(f"`{kind}` is not a word of its own")
        elif kind not in _SEPARATORS:
            raise UnparsableError(f"`{kind}` is not supported here")

    def comment(self, node: Node) -> None:
        """Take a comment, which must begin where Bash begins one too."""
        before = self.source[node.start_byte - 1 : node.start_byte]
        continued = self.source[max(0, node.start_byte - 2) : node.start_byte] == "\\\n"
        if (
            before not in ("", *" \t\n;&|()")
            or continued
            or "\n" in self.source[node.start_byte : node.end_byte]
        ):
            raise UnparsableError("a comment begins where Bash might not see one")

    def gap(self, start: int, end: int, *, newlines: bool) -> None:
        """Refuse anything but blanks, joined lines and, between statements, newlines."""
        gap = self.source[start:end]
        if gap in ("", " "):
            return
        joined = gap.replace("\\\n", "")
        if joined.strip(" \t\n" if newlines else " \t") or not joined:
            raise UnparsableError("there is text between two commands or words that was not understood")

    def word(self, node: Node, depth: int) -> Word:
        """Take one word and what runs inside it."""
        word, reading = self.reader.word(node.start_byte, node.end_byte, substitutions(node))
        self.nested(reading, depth)
        return word

    def nested(self, reading: Reading, depth: int) -> None:
        """Take the scripts inside a word."""
        for node in reading.nodes:
            self._substitution(node, depth + 1)
        for text in reading.backticks:
            self.backtick(text, depth + 1)

    def problem(self, rule: str, reason: str) -> None:
        """Note what no allow-list can permit."""
        self.parts.append(Problem(rule, reason))

    def text(self, node: Node) -> str:
        """Return the first line of a node, shortened, for a message."""
        text = self.source[node.start_byte : node.end_byte].partition("\n")[0]
        return text.encode("latin-1").decode(errors="replace")[:60]

    def _substitution(self, node: Node, depth: int) -> None:
        children = node.children
        opening = self.source[node.start_byte : node.start_byte + 2]
        if depth > MAX_DEPTH:
            raise RefusedError("too_deep", "it is nested too deeply")
        if children[0].type != opening or children[-1].type != ")":
            raise UnparsableError("a substitution could not be read")
        if self.source.startswith("(", node.start_byte + 2):
            raise UnparsableError(f"`{opening}(` can mean two things; put a blank between the parentheses")
        self.sequence(children, depth)


def substitutions(node: Node) -> dict[int, Node]:
    """Return the outermost substitutions at or below a node by their offset."""
    found: dict[int, Node] = {}
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type in _SUBSTITUTIONS:
            found[current.start_byte] = current
        else:
            pending += current.children
    return found
