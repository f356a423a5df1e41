"""What stands between the words, by Bash's own rules: tokens, comments, blanks and here-documents.

The grammar's tree says where each is; a place that Bash might read otherwise is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from hyperhive.domain.bash.script import UnparsableError

BASH_ONLY: Final = frozenset({"|&", "<(", ">(", ";&", ";;&", "&>", "&>>", "<<<"})
_SEPARATORS: Final = frozenset(
    {";", "&", "&&", "||", "|", "|&", ";;", ";&", ";;&", "(", ")", "$(", "<(", ">("}
)
_KEYWORDS: Final = frozenset(
    {"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{", "}"}
)
_DELIMITER: Final = re.compile(
    r"""(?:'(?P<single>\w+)'|"(?P<double>\w+)"|\\(?P<escaped>\w+)|(?P<bare>\w+))""", re.ASCII
)


class Layout:
    def __init__(self, source: str, *, posix: bool) -> None:
        self._source = source
        self._posix = posix

    def token(self, node: Node) -> None:
        """Accept a separator or a reserved word, which must stand alone to be one."""
        kind = node.type
        if self._posix and kind in BASH_ONLY:
            raise UnparsableError(f"`{kind}` means something else in sh")
        if kind in _KEYWORDS:
            before = self._source[node.start_byte - 1 : node.start_byte]
            after = self._source[node.end_byte : node.end_byte + 1]
            if before not in ("", *" \t\n;&|()") or after not in ("", *" \t\n;&|)"):
                raise UnparsableError(f"`{kind}` is not a word of its own")
        elif kind not in _SEPARATORS:
            raise UnparsableError(f"`{kind}` is not supported here")

    def comment(self, node: Node) -> None:
        """Accept a comment, which must begin where Bash begins one too."""
        before = self._source[node.start_byte - 1 : node.start_byte]
        continued = self._source[max(0, node.start_byte - 2) : node.start_byte] == "\\\n"
        lines = "\n" in self._source[node.start_byte : node.end_byte]
        if continued or lines or before not in ("", *" \t\n;&|()"):
            raise UnparsableError("a comment begins where Bash might not see one")

    def gap(self, start: int, end: int, *, newlines: bool) -> None:
        """Refuse all but blanks, joined lines and, between statements, newlines."""
        gap = self._source[start:end]
        if gap in ("", " "):
            return
        joined = gap.replace("\\\n", "")
        if joined.strip(" \t\n" if newlines else " \t") or not joined:
            raise UnparsableError("there is text between two commands or words that was not understood")


@dataclass(frozen=True, slots=True)
class Heredoc:
    #: Its delimiter is quoted, so that nothing in the body is expanded.
    literal: bool
    #: What follows the delimiter on the same line.
    head: tuple[Node, ...]
    #: The grammar's body, if there is one.
    body: Node | None
    #: Offset of the body's first character.
    start: int
    #: Offset of the line that holds the delimiter.
    end: int


def heredoc_head(operands: Sequence[Node]) -> tuple[Node, ...]:
    """What follows the delimiter on the same line."""
    return tuple(node for node in operands if not node.type.startswith("heredoc_"))


def locate_heredoc(source: str, operator: Node, operands: Sequence[Node]) -> Heredoc:
    """Find the body of the here-document that `operator` (`<<` or `<<-`) opens."""
    delimiter, literal = _delimiter(source, operator, operands)
    head = heredoc_head(operands[1:])
    bodies = [node for node in operands if node.type == "heredoc_body"]
    ends = [node for node in operands if node.type == "heredoc_end"]
    if len(ends) != 1 or len(bodies) > 1:
        raise UnparsableError("a here-document has no end, or more than one")
    line_end = source.find("\n", operator.start_byte)
    last = head[-1].end_byte if head else operands[0].end_byte
    if not last <= line_end or source[last:line_end].strip(" \t"):
        raise UnparsableError("the line that opens a here-document could not be read")
    start = position = line_end + 1
    while True:
        newline = source.find("\n", position)
        line = source[position:] if newline < 0 else source[position:newline]
        text = line.lstrip("\t") if operator.type == "<<-" else line
        if text == delimiter:
            break
        # Inside `$(…)` Bash also ends the body at a line that only begins with the delimiter.
        if line.lstrip("\t").startswith(delimiter) or newline < 0:
            raise UnparsableError("it is not certain where a here-document ends")
        position += len(line) + 1
    end_text = source[ends[0].start_byte : ends[0].end_byte].strip("\t\n")
    if ends[0].end_byte != position + len(line) or end_text != delimiter:
        raise UnparsableError("it is not certain where a here-document ends")
    return Heredoc(literal, head, bodies[0] if bodies else None, start, position)


def _delimiter(source: str, operator: Node, operands: Sequence[Node]) -> tuple[str, bool]:
    if operator.type not in ("<<", "<<-") or not operands or operands[0].type != "heredoc_start":
        raise UnparsableError("a here-document could not be read")
    word = operands[0]
    found = _DELIMITER.fullmatch(source, word.start_byte, word.end_byte)
    between = source[operator.end_byte : word.start_byte]
    after = source[word.end_byte : word.end_byte + 1]
    if found is None or between.strip(" \t") or after not in ("", *" \t\n;&|<>)"):
        raise UnparsableError("a here-document's delimiter is not a plain word")
    return found[found.lastgroup or 0], found.lastgroup != "bare"
