"""Words of a Bash command line: where each begins and ends, and what it is once its quotes are gone.

The grammar says where it believes a word to be; this module reads the same bytes again by Bash's own quoting
rules and refuses where the two do not agree, so that nothing can hide in what only one of them calls a word.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from hyperhive.domain.bash_expansions import ExpansionReader, Quoting, Reading
from hyperhive.domain.bash_refusals import UnparsableError

METACHARACTERS: Final = frozenset(" \t\n;&|<>()")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:=,@%+^!\x80-\xff#\]}-]+")
_QUOTED_PLAIN: Final = re.compile(r'[^"\\$`]+')
_HEREDOC_PLAIN: Final = re.compile(r"[^\\$`]+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command.

    Attributes:
        text: The value after quote removal, or None when the shell computes a part of it.
        shown: The value with computed parts as they were written; what patterns are matched against.
        prefix: The literal text before the first computed part.
        splits: An unquoted expansion or brace can turn it into several words, or none.
        globs: It contains an unquoted wildcard.
    """

    text: str | None
    shown: str
    prefix: str
    splits: bool = False
    globs: bool = False

    @property
    def single(self) -> bool:
        """Whether it is exactly one word when the command runs."""
        return not (self.splits or self.globs)


def literal_word(text: str) -> Word:
    """Return the word whose value is exactly `text`."""
    return Word(text, text, text)


def computed_word(shown: str) -> Word:
    """Return a word whose value and number only the run knows."""
    return Word(None, shown, "", splits=True)


class WordReader(ExpansionReader):
    """Reads the words of one source text."""

    def word(self, start: int, end: int, nodes: Mapping[int, Node]) -> tuple[Word, Reading]:
        """Read the word at `start`.

        Args:
            start: Offset of its first character.
            end: Offset after its last character, as the grammar has it.
            nodes: The grammar's substitutions inside it, by offset.

        Returns:
            The word, and the reading with the scripts inside it, which the caller must judge as well.

        Raises:
            RefusedError: Bash would not read exactly these characters as one word, or that is not certain.
        """
        reading = Reading()
        self._check_boundaries(start, end)
        position = start
        while position < end:
            position = self._unquoted(position, start, end, nodes, reading)
        if position != end:
            raise UnparsableError("a quotation does not end where its word ends")
        raw = self.source[start:end]
        if reading.braces and ("," in raw or ".." in raw):
            reading.computed = reading.splits = True
            reading.prefix = ""
        shown = self.decode("".join(reading.shown))
        prefix = shown if reading.prefix is None else self.decode(reading.prefix)
        text = None if reading.computed else shown
        return Word(text, shown, prefix, splits=reading.splits, globs=reading.globs), reading

    def next_word(self, start: int, end: int, nodes: Mapping[int, Node]) -> tuple[int, Word, Reading]:
        """Read the word at `start` whose end is not known but lies before `end`; see `word`."""
        position = start
        skipped = Reading()
        while position < end and self.source[position] not in METACHARACTERS:
            position = self._unquoted(position, start, end, nodes, skipped)
        if position == start:
            raise UnparsableError(f"an unquoted {self.source[start]!r} stands where a word is expected")
        return position, *self.word(start, position, nodes)

    def heredoc(self, start: int, end: int, nodes: Mapping[int, Node]) -> Reading:
        """Read the body of a here-document whose delimiter is not quoted; raises `RefusedError`."""
        reading = Reading()
        position = start
        while position < end:
            if plain := _HEREDOC_PLAIN.match(self.source, position, end):
                position = plain.end()
            elif self.source[position] == "\\":
                if self.source.startswith("\\\n", position):
                    raise UnparsableError("a here-document joins lines with a backslash")
                position += 2
            else:
                position = self.computed(position, end, nodes, reading, Quoting.HEREDOC)
        if position > end:
            raise UnparsableError("a here-document ends inside an expansion")
        return reading

    def _check_boundaries(self, start: int, end: int) -> None:
        source = self.source
        after = source[end : end + 2]
        if start and source[start - 1] not in METACHARACTERS:
            raise UnparsableError("two words touch each other")
        if after and after[0] not in METACHARACTERS and after != "\\\n":
            raise UnparsableError("two words touch each other")
        if after[:1] in ("<", ">") and (source[start] == "{" or source[start:end].isdigit()):
            raise UnparsableError("a redirection names its descriptor in a way that is not supported")

    def _unquoted(self, position: int, start: int, end: int, nodes: Mapping[int, Node], out: Reading) -> int:
        """Take the next piece of a word outside quotes and return the offset behind it."""
        source = self.source
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
            return self.computed(position, end, nodes, out, Quoting.NONE)
        return self._special(char, position, start, out)

    def _escaped(self, position: int, end: int, out: Reading) -> int:
        if position + 1 >= end:
            raise UnparsableError("a word ends with a backslash")
        if self.source[position + 1] != "\n":
            out.shown.append(self.source[position + 1])
        return position + 2

    def _special(self, char: str, position: int, start: int, out: Reading) -> int:
        """Take one character that means something only outside quotes."""
        if char in "*?[":
            out.mark_computed()
            out.globs = True
        elif char == "~":
            if position == start or self.source[position - 1] in "=:":
                out.mark_computed()
        elif char == "{":
            out.braces = True
        else:
            raise UnparsableError(f"an unquoted {char!r} stands inside a word")
        out.shown.append(char)
        return position + 1

    def _double(self, position: int, end: int, nodes: Mapping[int, Node], out: Reading) -> int:
        """Take the rest of a double-quoted piece."""
        source = self.source
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
                position = self.computed(position, end, nodes, out, Quoting.DOUBLE)
        raise UnparsableError("a double quote is not closed inside its word")
