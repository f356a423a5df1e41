"""Words of a Bash command line: where each begins and ends, and what it is once its quotes are gone.

The grammar says where it believes a word to be; this module reads the same bytes again by Bash's own quoting
rules and refuses where the two do not agree, so that nothing can hide in what only one of them calls a word:
every method that reads raises a `RefusedError` where Bash would not certainly read the same.
Of expansions (`$…`, backticks, process substitution) only forms are accepted that can be delimited without
doubt and that evaluate nothing unseen.

`source` holds a script's UTF-8 bytes as Latin-1 characters: the grammar's byte offsets are its indices.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tree_sitter import Node

from hyperhive.domain.bash.script import RefusedError, UnparsableError, Word

METACHARACTERS: Final = frozenset(" \t\n;&|<>()")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:=,@%+^!\x80-\xff#\]}-]+")
_QUOTED_PLAIN: Final = re.compile(r'[^"\\$`]+')
_HEREDOC_PLAIN: Final = re.compile(r"[^\\$`]+")
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
    NONE = "none"
    DOUBLE = "double"
    HEREDOC = "heredoc"


@dataclass(slots=True)
class Reading:
    shown: list[str] = field(default_factory=list)
    prefix: str | None = None
    splits: bool = False
    globs: bool = False
    computed: bool = False
    braces: bool = False
    nodes: list[Node] = field(default_factory=list)
    backticks: list[str] = field(default_factory=list)

    def mark_computed(self) -> None:
        """The word's value is not literal from here on."""
        self.computed = True
        if self.prefix is None:
            self.prefix = "".join(self.shown)


class ExpansionReader:
    """With `posix` it refuses quoting that only Bash knows."""

    def __init__(self, source: str, *, posix: bool) -> None:
        self._source = source
        self._posix = posix

    def take(self, position: int, end: int, nodes: Mapping[int, Node], out: Reading, quoting: Quoting) -> int:
        """Take the expansion at `position` (a `$`, backtick, or `<` or `>` of a process substitution).

        Returns the offset behind it. `end` is where the word ends, `nodes` are the grammar's substitutions
        inside it, by offset. The caller must judge the scripts that `out` takes.
        """
        source = self._source
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
        following = self._source[position + 1 : min(end, position + 2)]
        if quoting is Quoting.NONE and following == "'":
            return self._ansi_c(position, end, out)
        if following == "[" or (quoting is Quoting.NONE and following == '"'):
            raise UnparsableError(f"`${following}` is not supported")
        out.shown.append("$")
        return position + 1

    def _parameter(self, position: int, end: int) -> int:
        expansion = _EXPANSION.match(self._source, position, end)
        if expansion is None:
            shown = self._source[position : min(end, position + 40)].partition("\n")[0]
            shown = shown.encode("latin-1").decode(errors="replace")
            raise RefusedError("expansion", f"the expansion at `{shown}` is not one of the simple forms")
        return expansion.end()

    def _arithmetic(self, position: int, end: int) -> int:
        """Accept `$((…))` over plain numbers: a variable's text is itself evaluated and can run commands."""
        end = min(end, position + _MAX_ARITHMETIC)
        close = self._source.find("))", position, end)
        while close >= 0:
            expansion = _ARITHMETIC.fullmatch(self._source, position, close + 2)
            if expansion is not None and _balanced(expansion.group(1)):
                return close + 2
            close = self._source.find("))", close + 1, end)
        raise RefusedError("arithmetic", "arithmetic is supported on plain numbers only")

    def _backtick(self, position: int, end: int, out: Reading) -> int:
        close = self._source.find("`", position + 1, end)
        content = self._source[position + 1 : close]
        if close < 0 or "\\" in content or "#" in content or "<<" in content:
            raise UnparsableError("a backtick substitution is not simple enough; write $(…) instead")
        out.backticks.append(_decode(content))
        return close + 1

    def _ansi_c(self, position: int, end: int, out: Reading) -> int:
        """Decode `$'…'`; only escapes whose result does not depend on the locale."""
        if self._posix:
            raise UnparsableError("`$'…'` means something else in sh")
        position += 2
        while position < end:
            char = self._source[position]
            if char == "'":
                return position + 1
            if char != "\\":
                out.shown.append(char)
                position += 1
                continue
            escape = _ANSI_ESCAPE.match(self._source, position, end)
            if escape is None:
                break
            letter, hexadecimal, octal = escape.groups()
            code = int(hexadecimal, 16) if hexadecimal else int(octal or "1", 8)
            if not 0 < code < 0x80:
                break
            out.shown.append(_ANSI_LETTERS.get(letter, letter) if letter else chr(code))
            position = escape.end()
        raise UnparsableError("`$'…'` holds an escape that is not supported")


def _decode(piece: str) -> str:
    if piece.isascii():
        return piece
    try:
        return piece.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise UnparsableError("a word is not valid UTF-8") from None


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


class WordReader:
    """With `posix` it refuses quoting that only Bash knows."""

    def __init__(self, source: str, *, posix: bool) -> None:
        self._source = source
        self._expansions = ExpansionReader(source, posix=posix)

    def word(self, start: int, end: int, nodes: Mapping[int, Node]) -> tuple[Word, Reading]:
        """Read the word that the grammar has from `start` to `end`, with its substitutions by offset.

        The caller must judge the scripts in the reading as well.
        """
        reading = Reading()
        self._check_boundaries(start, end)
        position = start
        while position < end:
            position = self._unquoted(position, start, end, nodes, reading)
        if position != end:
            raise UnparsableError("a quotation does not end where its word ends")
        raw = self._source[start:end]
        if reading.braces and ("," in raw or ".." in raw):
            reading.computed = reading.splits = True
            reading.prefix = ""
        shown = _decode("".join(reading.shown))
        prefix = shown if reading.prefix is None else _decode(reading.prefix)
        text = None if reading.computed else shown
        return Word(text, shown, prefix, splits=reading.splits, globs=reading.globs), reading

    def next_word(self, start: int, end: int, nodes: Mapping[int, Node]) -> tuple[int, Word, Reading]:
        """Read the word at `start` whose end is not known but lies before `end`; as `word`."""
        position = start
        skipped = Reading()
        while position < end and self._source[position] not in METACHARACTERS:
            position = self._unquoted(position, start, end, nodes, skipped)
        if position == start:
            raise UnparsableError(f"an unquoted {self._source[start]!r} stands where a word is expected")
        return position, *self.word(start, position, nodes)

    def heredoc(self, start: int, end: int, nodes: Mapping[int, Node]) -> Reading:
        """Read the body of a here-document whose delimiter is not quoted."""
        reading = Reading()
        position = start
        while position < end:
            if plain := _HEREDOC_PLAIN.match(self._source, position, end):
                position = plain.end()
            elif self._source[position] == "\\":
                if self._source.startswith("\\\n", position):
                    raise UnparsableError("a here-document joins lines with a backslash")
                position += 2
            else:
                position = self._expansions.take(position, end, nodes, reading, Quoting.HEREDOC)
        if position > end:
            raise UnparsableError("a here-document ends inside an expansion")
        return reading

    def brackets(self, start: int, end: int, nodes: Mapping[int, Node]) -> tuple[list[Word], list[Reading]]:
        """Read what stands between `[` and `]`: to the shell it is an ordinary command's arguments."""
        words, readings = [], []
        self._check_brackets(start, end, "[")
        position = start
        while position < end:
            if self._source[position] in " \t":
                position += 1
                continue
            position, word, reading = self.next_word(position, end, nodes)
            words.append(word)
            readings.append(reading)
            if word.shown == "]":
                raise UnparsableError("a `[` condition could not be read")
        return words, readings

    def double_brackets(
        self, start: int, end: int, nodes: Mapping[int, Node]
    ) -> tuple[list[Word | str], list[Reading]]:
        """Read what stands between `[[` and `]]`; operators are strings among the words."""
        words: list[Word | str] = []
        readings = []
        self._check_brackets(start, end, "[[")
        position = start
        while position < end:
            if self._source[position] in " \t":
                position += 1
            elif operator := _condition_operator(self._source, position):
                words.append(operator)
                position += len(operator)
            else:
                position, word, reading = self.next_word(position, end, nodes)
                words.append(word)
                readings.append(reading)
        return words, readings

    def _check_brackets(self, start: int, end: int, bracket: str) -> None:
        """Refuse brackets that are not words of their own."""
        source = self._source
        after = source[end + len(bracket) : end + len(bracket) + 1]
        if source[start] not in " \t" or source[end - 1] not in " \t" or after not in ("", *" \t\n;&|)"):
            raise UnparsableError(f"a `{bracket}` condition could not be read")

    def _check_boundaries(self, start: int, end: int) -> None:
        source = self._source
        after = source[end : end + 2]
        if start and source[start - 1] not in METACHARACTERS:
            raise UnparsableError("two words touch each other")
        if after and after[0] not in METACHARACTERS and after != "\\\n":
            raise UnparsableError("two words touch each other")
        if after[:1] in ("<", ">") and (source[start] == "{" or source[start:end].isdigit()):
            raise UnparsableError("a redirection names its descriptor in a way that is not supported")

    def _unquoted(self, position: int, start: int, end: int, nodes: Mapping[int, Node], out: Reading) -> int:
        """Take the next piece of a word outside quotes; returns the offset behind it."""
        source = self._source
        char = source[position]
        if char == "#" and position == start:
            raise UnparsableError("a comment was taken for a word")
        if plain := _PLAIN.match(source, position, end):
            out.shown.append(plain.group())
            return plain.end()
        if char == "\\":
            return self._escaped(position, end, out)
        if char == "'":
            close = source.find("'", position + 1, end)
            if close < 0:
                raise UnparsableError("a single quote is not closed inside its word")
            out.shown.append(source[position + 1 : close])
            return close + 1
        if char == '"':
            return self._double(position + 1, end, nodes, out)
        if char in "$`" or (position == start and source.startswith(("<(", ">("), position)):
            return self._expansions.take(position, end, nodes, out, Quoting.NONE)
        return self._special(char, position, start, out)

    def _escaped(self, position: int, end: int, out: Reading) -> int:
        if position + 1 >= end:
            raise UnparsableError("a word ends with a backslash")
        if self._source[position + 1] != "\n":
            out.shown.append(self._source[position + 1])
        return position + 2

    def _special(self, char: str, position: int, start: int, out: Reading) -> int:
        if char in "*?[":
            out.mark_computed()
            out.globs = True
        elif char == "~":
            if position == start or self._source[position - 1] in "=:":
                out.mark_computed()
        elif char == "{":
            out.braces = True
        else:
            raise UnparsableError(f"an unquoted {char!r} stands inside a word")
        out.shown.append(char)
        return position + 1

    def _double(self, position: int, end: int, nodes: Mapping[int, Node], out: Reading) -> int:
        source = self._source
        while position < end:
            if plain := _QUOTED_PLAIN.match(source, position, end):
                out.shown.append(plain.group())
                position = plain.end()
                continue
            char = source[position]
            if char == '"':
                return position + 1
            if char == "\\":
                escaped = source[position + 1 : position + 2]
                if escaped != "\n":
                    out.shown.append(escaped if escaped in '$`"\\' else "\\" + escaped)
                position += 2
            else:
                position = self._expansions.take(position, end, nodes, out, Quoting.DOUBLE)
        raise UnparsableError("a double quote is not closed inside its word")


def _condition_operator(source: str, position: int) -> str:
    """The operator of `[[` at this place, or an empty string."""
    if source.startswith(("&&", "||"), position):
        return source[position : position + 2]
    char = source[position]
    if char in "<>" and not source.startswith("(", position + 1):
        return char
    if char == ")" or (char == "(" and source[position - 1] in " \t("):
        return char
    if char in "\n;&|<>(":
        raise UnparsableError(f"an unquoted {char!r} stands inside `[[`")
    return ""
