"""The text of a script and the place in it that is read next."""

import re
from typing import Final

from hyperhive.domain.bash.script import RefusedError, UnparsableError

#: Trees of this depth can be walked and compared by recursion, below whatever calls that.
MAX_DEPTH: Final = 40
#: Stands for a backslash and a newline, which join two lines except in single quotes and the like.
JOINED: Final = "\0"
#: Stands behind the last character.
END: Final = "\3"
#: In any text that it runs, also in quotes, Claude Code puts `/dev/null` in the place of such a `nul`.
EDITED: Final = re.compile(r"(>[\s\ufeff]*)(nul)(?=[\s\ufeff|&;)]|$)", re.IGNORECASE)

_JOINING: Final = re.compile(r"(?<!\\)((?:\\\\)*+)\\\n")
_BLANKS: Final = re.compile(r"[ \t\0]*+(#[^\n\0\3]*+)?")
_SHOWN: Final = 40


def spread(*texts: str) -> str:
    """A regular expression for one of these texts, the first that fits, with joined lines in it or behind."""
    return "|".join("".join(rf"{re.escape(char)}\0*+" for char in text) for text in texts)


def plain(text: str) -> str:
    """Without joined lines, as unquoted text is read."""
    return text.replace(JOINED, "") if JOINED in text else text


def raw(text: str) -> str:
    """With joined lines as they were written, as text in single quotes is read."""
    return text.replace(JOINED, "\\\n") if JOINED in text else text


class Source:
    """A cursor over a text that has no control characters."""

    def __init__(self, text: str, *, posix: bool, depth: int, nested: bool) -> None:
        self.text = (_JOINING.sub(r"\1\0", text) if "\\\n" in text else text) + END
        self.position = 0
        self.posix = posix
        self.depth = depth
        #: Inside of a substitution.
        self.nested = nested
        self._comment_end = -1

    def blanks(self) -> None:
        """Skip blanks, joined lines and a comment; call it between words only."""
        if self.position == self._comment_end:
            return  # a comment does not join lines
        found = self.skip(_BLANKS)
        if found and found[1] is not None:
            self._comment_end = self.position

    def at_newline(self) -> bool:
        char = self.text[self.position]
        return char == "\n" or (char == JOINED and self.position == self._comment_end)

    def skip(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def deeper(self, levels: int = 1) -> None:
        self.depth += levels
        if self.depth > MAX_DEPTH:
            raise RefusedError("too_deep", "the command line is nested too deeply")

    def here(self, position: int | None = None) -> str:
        """The text at this place, for people."""
        start = self.position if position is None else position
        line = plain(self.text[start : start + _SHOWN + 1]).rstrip(END).partition("\n")[0]
        return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"

    def unparsable(
        self, problem: str, instead: str | None = None, *, position: int | None = None
    ) -> UnparsableError:
        shown = self.here(position)
        return UnparsableError(f"{problem} at `{shown}`" if shown else f"{problem} at the end", instead)

    def bash_only(self, what: str, instead: str | None = None) -> None:
        if self.posix:
            raise UnparsableError(f"`{what}` means something else in sh", instead)
