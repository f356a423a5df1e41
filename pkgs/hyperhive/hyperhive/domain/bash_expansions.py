"""Expansions inside a word (`$…`, backticks, process substitution): how far each reaches, and what it hides.

Only forms that can be delimited without doubt and that evaluate nothing unseen are accepted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tree_sitter import Node

from hyperhive.domain.bash_refusals import RefusedError, UnparsableError

_PARAMETER: Final = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])")
_NAME: Final = r"(?:[A-Za-z_][A-Za-z0-9_]*+(?:\[(?:[0-9]++|[@*])\])?|[0-9]++|[@*])"
_SAFE: Final = r"(?:[A-Za-z0-9_./ ,@:%*^\x80-\xff-]|\$[A-Za-z_][A-Za-z0-9_]*+)*+"
# `:=` assigns, `!` and `@` operators evaluate the value, an offset is arithmetic: none of them is here.
_EXPANSION: Final = re.compile(
    rf"\$\{{(?:\#?{_NAME}|[#?$!-]"
    rf"|{_NAME}(?::?[-+?]{_SAFE}|\#\#?{_SAFE}|%%?{_SAFE}|//?[#%]?{_SAFE}|\^\^?|,,?|: ?-?[0-9]+(?::-?[0-9]+)?)"
    r")\}"
)
_ARITHMETIC: Final = re.compile(r"\$\(\(((?:[0-9 \t+*/%<>=!&|^~?:()-]|\$[#?$])*)\)\)")
_MAX_ARITHMETIC: Final = 200
_ANSI_ESCAPE: Final = re.compile(r"\\(?:([abeEfnrtv\\'\"?])|x([0-9a-fA-F]{1,2})|([0-7]{1,3}))")
_ANSI_LETTERS: Final = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip


class Quoting(Enum):
    """What surrounds the text that is being read."""

    NONE = "none"
    DOUBLE = "double"
    HEREDOC = "heredoc"


@dataclass(slots=True)
class Reading:
    """What was found so far: the word's pieces and the scripts inside it."""

    shown: list[str] = field(default_factory=list)
    prefix: str | None = None
    splits: bool = False
    globs: bool = False
    computed: bool = False
    braces: bool = False
    nodes: list[Node] = field(default_factory=list)
    backticks: list[str] = field(default_factory=list)

    def mark_computed(self) -> None:
        """Note that the word's value is not literal from here on."""
        self.computed = True
        if self.prefix is None:
            self.prefix = "".join(self.shown)


class ExpansionReader:
    """Reads the expansions of one source text.

    `source` holds the UTF-8 bytes as Latin-1 characters, so that the grammar's byte offsets are its indices.
    """

    def __init__(self, source: str, *, posix: bool) -> None:
        """Read `source`; with `posix` quoting that only Bash knows is refused."""
        self.source = source
        self._posix = posix

    def decode(self, piece: str) -> str:
        """Return a piece of the source, or of a word, as the text that it stands for."""
        if piece.isascii():
            return piece
        try:
            return piece.encode("latin-1").decode()
        except UnicodeDecodeError:
            raise UnparsableError("a word is not valid UTF-8") from None

    def computed(
        self, position: int, end: int, nodes: Mapping[int, Node], out: Reading, quoting: Quoting
    ) -> int:
        """Take one expansion and return the offset behind it.

        Args:
            position: Offset of `$`, a backtick, or the `<` or `>` of a process substitution.
            end: Where the word ends.
            nodes: The grammar's substitutions inside the word, by offset.
            out: Takes what was found; the caller must judge its scripts.
            quoting: What surrounds the expansion.

        Raises:
            RefusedError: It is not one of the accepted forms.
        """
        source = self.source
        if source[position] == "`":
            close = self._backtick(position, end, out)
        elif source.startswith("$((", position):
            close = self._arithmetic(position, end)
        elif source.startswith(("$(", "<(", ">("), position):
            close = _substitution_end(position, end, nodes, out)
        elif source.startswith("${", position):
            close = self._parameter(position, end)
        elif parameter := _PARAMETER.match(source, position, end):
            close = parameter.end()
        else:
            return self._bare_dollar(position, end, out, quoting)
        out.mark_computed()
        piece = source[position:close]
        # "$@" and "${a[@]}" are many words even inside quotes.
        out.splits = out.splits or quoting is Quoting.NONE or "@" in piece
        out.shown.append(piece)
        return close

    def _bare_dollar(self, position: int, end: int, out: Reading, quoting: Quoting) -> int:
        following = self.source[position + 1 : min(end, position + 2)]
        if quoting is Quoting.NONE and following == "'":
            return self._ansi_c(position, end, out)
        if following == "[" or (quoting is Quoting.NONE and following == '"'):
            raise UnparsableError(f"`${following}` is not supported")
        out.shown.append("$")
        return position + 1

    def _parameter(self, position: int, end: int) -> int:
        expansion = _EXPANSION.match(self.source, position, end)
        if expansion is None:
            shown = self.source[position : min(end, position + 40)].partition("\n")[0]
            shown = shown.encode("latin-1").decode(errors="replace")
            raise RefusedError("expansion", f"the expansion at `{shown}` is not one of the simple forms")
        return expansion.end()

    def _arithmetic(self, position: int, end: int) -> int:
        """Accept `$((…))` over plain numbers: a variable's text is itself evaluated and can run commands."""
        end = min(end, position + _MAX_ARITHMETIC)
        close = self.source.find("))", position, end)
        while close >= 0:
            expansion = _ARITHMETIC.fullmatch(self.source, position, close + 2)
            if expansion is not None and _balanced(expansion.group(1)):
                return close + 2
            close = self.source.find("))", close + 1, end)
        raise RefusedError("arithmetic", "arithmetic is supported on plain numbers only")

    def _backtick(self, position: int, end: int, out: Reading) -> int:
        close = self.source.find("`", position + 1, end)
        content = self.source[position + 1 : close]
        if close < 0 or "\\" in content or "#" in content or "<<" in content:
            raise UnparsableError("a backtick substitution is not simple enough; write $(…) instead")
        out.backticks.append(self.decode(content))
        return close + 1

    def _ansi_c(self, position: int, end: int, out: Reading) -> int:
        """Decode `$'…'`; only escapes whose result does not depend on the locale."""
        if self._posix:
            raise UnparsableError("`$'…'` means something else in sh")
        position += 2
        while position < end:
            char = self.source[position]
            if char == "'":
                return position + 1
            if char != "\\":
                out.shown.append(char)
                position += 1
                continue
            escape = _ANSI_ESCAPE.match(self.source, position, end)
            if escape is None:
                break
            letter, hexadecimal, octal = escape.groups()
            code = int(hexadecimal, 16) if hexadecimal else int(octal or "1", 8)
            if not 0 < code < 0x80:
                break
            out.shown.append(_ANSI_LETTERS.get(letter, letter) if letter else chr(code))
            position = escape.end()
        raise UnparsableError("`$'…'` holds an escape that is not supported")


def _substitution_end(position: int, end: int, nodes: Mapping[int, Node], out: Reading) -> int:
    node = nodes.get(position)
    if node is None or node.end_byte > end:
        raise UnparsableError("a substitution could not be read")
    out.nodes.append(node)
    return node.end_byte


def _balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0
