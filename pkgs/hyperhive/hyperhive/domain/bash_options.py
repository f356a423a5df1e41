"""Where a wrapper program's own options end and its operands begin."""

from collections.abc import Sequence
from dataclasses import dataclass

from hyperhive.domain.bash_refusals import RefusedError
from hyperhive.domain.bash_words import Word


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one program.

    Attributes:
        flags: Short options without a value.
        valued: Short options with a value, attached or in the next word.
        long_flags: Long options without a value, separated by blanks.
        long_valued: Long options with a value, attached by `=` or in the next word.
        operands: How many operands of its own precede the inner command.
        dash: A lone `-` is an option.
        numeric: `-5` is an option.
        plus: Options may also begin with `+`.
    """

    flags: str = ""
    valued: str = ""
    long_flags: str = ""
    long_valued: str = ""
    operands: int = 0
    dash: bool = False
    numeric: bool = False
    plus: bool = False


def static_text(word: Word) -> str:
    """Return a word's value.

    Raises:
        RefusedError: With rule `wrapper`: the value is known only when the command runs.
    """
    if word.text is None:
        raise RefusedError(
            "wrapper", f"`{word.shown}` is computed when it runs and decides which command runs"
        )
    return word.text


def operand_index(words: Sequence[Word], options: Options) -> tuple[int, dict[str, str]]:
    """Skip a program's options and own operands.

    Args:
        words: The whole command.
        options: What the program understands.

    Returns:
        The index of the inner command's first word, and the options seen with their literal values.

    Raises:
        RefusedError: With rule `wrapper`: an option is unknown or not literal.
    """
    name = words[0].shown
    seen: dict[str, str] = {}
    index = 1
    while index < len(words):
        text = static_text(words[index])
        if text == "--":
            index += 1
            break
        if not _is_option(text, options):
            break
        index = _skip_option(words, index, text, options, seen)
    for word in words[index : index + options.operands]:
        static_text(word)
    if index > len(words):
        raise RefusedError("wrapper", f"an option of `{name}` has no value")
    return index + options.operands, seen


def _is_option(text: str, options: Options) -> bool:
    if text == "-":
        return options.dash
    return text.startswith("-") or (options.plus and text.startswith("+"))


def _skip_option(words: Sequence[Word], index: int, text: str, options: Options, seen: dict[str, str]) -> int:
    """Return the index behind the option at `index` and its value."""
    if text == "-" or (options.numeric and text[1:].isdigit()):
        return index + 1
    if text.startswith("--"):
        option, attached, value = text.partition("=")
        if option in options.long_flags.split() and not attached:
            seen[option] = ""
            return index + 1
        if option in options.long_valued.split():
            seen[option] = value if attached else _value(words, index + 1)
            return index + (1 if attached else 2)
    else:
        for place, letter in enumerate(text[1:], start=2):
            if letter in options.valued:
                attached_value = text[place:]
                seen[letter] = attached_value or _value(words, index + 1)
                return index + (1 if attached_value else 2)
            if letter not in options.flags:
                break
            seen[letter] = ""
        else:
            return index + 1
    raise RefusedError("wrapper", f"the option `{text}` of `{words[0].shown}` is not known here")


def _value(words: Sequence[Word], index: int) -> str:
    return static_text(words[index]) if index < len(words) else ""
