"""Finds `{a,b}` and `{1..5}` in a word, which Bash expands before it looks at anything else."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hyperhive.domain.bash.script import (
    Brace,
    BraceRange,
    Piece,
    RefusedError,
    UnparsableError,
    Word,
)

_MAX_DEPTH: Final = 10
_MARKS: Final = re.compile(r"([{},]|\.\.)")
_RANGE: Final = re.compile(
    r"(?:(-?[0-9]{1,18})\.\.(-?[0-9]{1,18})|([A-Za-z])\.\.([A-Za-z]))(?:\.\.(-?[0-9]{1,18}))?"
)
_NAME_CHARACTER: Final = re.compile(r"[A-Za-z0-9_]")


class Unquoted(str):
    """Text outside of quotes; a plain string in the same place was quoted."""

    __slots__ = ()


class Bare(NamedTuple):
    """Behind a lone `$`, or a `$name` without braces, which what follows can become a part of."""

    name: str


Item = str | Bare | Piece


@dataclass(slots=True)
class _Frame:
    """Braces that are open, or at the bottom the word itself."""

    alternatives: list[list[Item]] = field(default_factory=lambda: [[]])
    #: `..` stands between them.
    dots: bool = False


def expanded_braces(items: list[Item], word_of: Callable[[list[Item]], Word]) -> list[Item]:
    """The items with braces in the place of what they were written as; the list itself if there are none."""
    texts = [item for item in items if isinstance(item, Unquoted)]
    if not any("{" in text for text in texts) or not any("," in text or ".." in text for text in texts):
        return items
    reader = _Braces(word_of)
    for item in items:
        if isinstance(item, Unquoted):
            for text in _MARKS.split(item):
                if text:
                    reader.text(text)
        else:
            reader.item(item)
    return reader.result() if reader.found else items


class _Braces:
    def __init__(self, word_of: Callable[[list[Item]], Word]) -> None:
        self.found = False
        self._word_of = word_of
        self._stack = [_Frame()]
        #: A pair that is none was closed at the bottom; then there was a comma. A brace after that is odd.
        self._closed = self._loose = False
        #: What text behind the braces just closed could become a part of.
        self._sticky: Bare | None = None

    def text(self, text: str) -> None:
        frame = self._stack[-1]
        nested = len(self._stack) > 1
        if text == "{":
            if len(self._stack) > _MAX_DEPTH:
                raise RefusedError("too_deep", "braces are nested too deeply")
            if self._sticky:
                raise _sticky(self._sticky)
            self._stack.append(_Frame())
        elif text == "," and nested:
            frame.alternatives.append([])
        elif text == "}" and nested:
            self._close(self._stack.pop())
        else:
            frame.dots = frame.dots or text == ".."
            self._loose = self._loose or (self._closed and not nested and text in {",", ".."})
            if text == "}" and self._loose:
                raise UnparsableError("the braces are not certain", "put them in quotes")
            self.item(Unquoted(text))

    def item(self, item: Item) -> None:
        items = self._stack[-1].alternatives[-1]
        if isinstance(item, Unquoted):
            if self._sticky and _NAME_CHARACTER.match(item):
                raise _sticky(self._sticky)
            if item[0] == "~" and items and isinstance(items[-1], Brace | BraceRange):
                raise UnparsableError("a tilde stands behind braces", "write `$HOME`")
        self._sticky = None
        items.append(item)

    def _close(self, frame: _Frame) -> None:
        piece: Brace | BraceRange | None = None
        sticky: Bare | None = None
        if len(frame.alternatives) > 1:
            for alternative in frame.alternatives:
                sticky = _check_alternative(alternative) or sticky
            piece = Brace(tuple(map(self._word_of, frame.alternatives)))
        elif frame.dots:
            piece = _range(frame.alternatives[0])
        if piece is None:
            self._closed = self._closed or len(self._stack) == 1
            self._stack[-1].alternatives[-1] += [Unquoted("{"), *frame.alternatives[0], Unquoted("}")]
            return
        self.found = True
        before = self._stack[-1].alternatives[-1]
        if before and isinstance(before[-1], Bare):
            raise _sticky(before[-1])
        self.item(piece)
        self._sticky = sticky

    def result(self) -> list[Item]:
        items = self._stack[0].alternatives[0]
        for frame in self._stack[1:]:
            for index, alternative in enumerate(frame.alternatives):
                items.append(Unquoted("," if index else "{"))
                items += alternative
        return _joined(items)


def _joined(items: list[Item]) -> list[Item]:
    """Unquoted text in one item where it was in one."""
    done: list[Item] = []
    run: list[str] = []
    for item in items:
        if isinstance(item, Unquoted):
            run.append(item)
            continue
        if run:
            done.append(Unquoted("".join(run)))
            run = []
        done.append(item)
    return [*done, Unquoted("".join(run))] if run else done


def _check_alternative(items: list[Item]) -> Bare | None:
    """What the text behind the braces could become a part of."""
    unquoted = "".join(item for item in items if isinstance(item, Unquoted))
    if items and isinstance(items[0], Unquoted) and items[0][0] == "~":
        raise UnparsableError("a tilde stands in braces", "write out the words")
    if unquoted.count("[") != unquoted.count("]"):
        raise UnparsableError("braces stand inside of a bracket", "put them in quotes")
    if items and all(type(item) is str and not item for item in items):
        raise UnparsableError("empty quotes stand in braces", "write out the words")
    last = items[-1] if items else None
    if last == Bare("$"):
        raise UnparsableError("a `$` stands in braces", "put it in quotes")
    return last if isinstance(last, Bare) else None


def _range(items: list[Item]) -> BraceRange | None:
    if not all(isinstance(item, Unquoted) for item in items):
        raise UnparsableError("a range in braces is computed", 'write `$(seq 1 "$n")`')
    found = _RANGE.fullmatch("".join(item for item in items if isinstance(item, str)))
    if found is None:
        return None
    first, last, first_letter, last_letter, step = found.groups()
    return BraceRange(first or first_letter, last or last_letter, step or "")


def _sticky(bare: Bare) -> UnparsableError:
    if bare.name == "$":
        return UnparsableError("a `$` stands before braces", "put it in quotes")
    return UnparsableError(
        f"`${bare.name}` and the text behind it become one name", f"write `${{{bare.name}}}`"
    )
