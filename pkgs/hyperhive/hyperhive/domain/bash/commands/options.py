"""The options of a built-in, read in the way in which Bash's own `internal_getopt` reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hyperhive.domain.bash.script import Literal, RefusedError, Word, literal_word


@dataclass(frozen=True, slots=True)
class Arguments:
    #: Letters and values, in order; a letter that stands behind `+` has it in front.
    options: tuple[tuple[str, Word | None], ...]
    operands: tuple[Word, ...]
    #: `--` stands before the operands: none of them can be an option.
    ended: bool

    @property
    def letters(self) -> frozenset[str]:
        return frozenset(letter for letter, _ in self.options)

    def values(self, letter: str) -> list[Word]:
        return [value for given, value in self.options if given == letter and value is not None]


def read_options(words: Sequence[Word], flags: str, valued: str = "", *, plus: str = "") -> Arguments:
    """Split the words of a built-in; an option that is in no table is refused.

    A word that is computed where an option could stand counts as the first operand.
    """
    name = words[0].text or ""
    options: list[tuple[str, Word | None]] = []
    index = 1
    while index < len(words):
        text = words[index].prefix
        if words[index].text == "--":
            return Arguments(tuple(options), tuple(words[index + 1 :]), ended=True)
        if text[:1] not in ("-", "+" if plus else "-") or words[index].text in ("-", "+"):
            break
        index = _cluster(words, index, plus if text[0] == "+" else flags, valued, options)
    if index > len(words):
        raise RefusedError("builtin", f"an option of `{name}` has no value")
    return Arguments(tuple(options), tuple(words[index:]), ended=False)


def _cluster(
    words: Sequence[Word], index: int, flags: str, valued: str, options: list[tuple[str, Word | None]]
) -> int:
    """Read one word of options; returns the index behind it and its value."""
    word = words[index]
    text = word.prefix
    sign = "+" if text[0] == "+" else ""
    for place, letter in enumerate(text[1:], start=1):
        if letter in valued and not sign:
            value = _attached(word, place + 1)
            index += 1 if value is not None else 2
            options.append(
                (letter, value if value is not None else next(iter(words[index - 1 : index]), None))
            )
            return index
        if letter not in flags:
            raise RefusedError(
                "builtin", f"the option `{sign or '-'}{letter}` of `{words[0].text}` is not known here"
            )
        options.append((sign + letter, None))
    if word.text is None:
        raise RefusedError("builtin", f"an option of `{words[0].text}` is computed when it runs")
    return index + 1


def _attached(word: Word, place: int) -> Word | None:
    text = word.prefix[place:]
    pieces = ((Literal(text),) if text else ()) + word.pieces[1:]
    return (literal_word(text) if len(pieces) == 1 and text else Word(pieces)) if pieces else None
