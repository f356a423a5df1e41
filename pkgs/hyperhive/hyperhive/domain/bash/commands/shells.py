"""Commands that read a script from their arguments: shells with `-c`, `eval`, `trap`, `su -c`."""

from collections.abc import Sequence
from typing import Final

from hyperhive.domain.bash.commands.arguments import (
    Given,
    Inner,
    InnerCommand,
    InnerScript,
    OptionReader,
    Options,
    Trusts,
    computed,
    is_embedded,
    joined,
    program_name,
    quoted,
    rewritten,
    static_text,
    uncertain,
)
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import (
    Arithmetic,
    Literal,
    Parameter,
    Placeholder,
    RefusedError,
    SimpleCommand,
    Substitution,
    Word,
    literal_word,
)

_SHELL: Final = Options(
    flags="cefuxv",
    valued="o",
    long_flags="--norc --noprofile --posix",
    needless="li",
    long_needless="--login",
    plus=True,
    attached=False,
)
_SETTINGS: Final = frozenset({"errexit", "noclobber", "noglob", "nounset", "pipefail", "verbose", "xtrace"})
_TRAP_QUERIES: Final = frozenset({"-l", "-p", "-P"})


def interpreted(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    """`bash -c SCRIPT …` and `bash FILE …`, the latter as the program of that path."""
    name = program_name(words[0].text or "")
    if len(words) == 3 and words[1].text == "-n" and (words[2].text or "-")[0] not in "-+":
        return []  # reads the file, runs nothing
    reader = OptionReader(words, _SHELL, trusts)
    reader.read()
    for given in reader.given:
        if given.name == "-o" and (given.value is None or given.value.text not in _SETTINGS):
            raise uncertain(name, "the value of `-o` is not known here")
        if given.name == "-c" and words[given.index].prefix.startswith("+"):
            raise uncertain(name, "`+c` is not known here")
    if reader.index >= len(words):
        raise uncertain(
            name, "it reads commands from its input", f"the commands themselves, or `{name} -c '…'`"
        )
    word = words[reader.index]
    if "-c" in reader.seen:
        posix = name not in ("bash", "rbash") or "--posix" in reader.seen
        if word.text is None and not is_embedded(word):
            raise computed(word, _with_arguments(words, reader.index, posix=posix))
        return [InnerScript(reader.index, reader.index + 1, posix)]
    text = static_text(word)
    if text in ("", "-") or text.startswith(("/dev/", "/proc/")):
        raise uncertain(
            name, "it reads commands from its input", f"the commands themselves, or `{name} -c '…'`"
        )
    path = text if "/" in text else f"./{text}"
    return [InnerCommand(reader.index, len(words), (literal_word(path), *words[reader.index + 1 :]))]


def evaluated(words: Sequence[Word], _trusts: Trusts) -> list[Inner]:
    """`eval WORDS…`."""
    start = 2 if len(words) > 1 and words[1].text == "--" else 1
    if start >= len(words):
        return []
    for word in words[start:]:
        if word.text is None and not is_embedded(word):
            raise computed(word, "the command itself, without `eval`")
    if (words[start].text or "").startswith("-"):
        raise uncertain("eval", "its text begins like an option")
    return [InnerScript(start, len(words), posix=False, same_shell=True)]


def trapped(words: Sequence[Word], _trusts: Trusts) -> list[Inner]:
    """`trap SCRIPT SIGNAL…`; nothing runs where it only lists, resets or ignores signals."""
    start = 2 if len(words) > 1 and words[1].text == "--" else 1
    if len(words) <= start or (start == 1 and words[1].text in _TRAP_QUERIES):
        return []
    word = words[start]
    if is_embedded(word):
        return [InnerScript(start, start + 1, posix=False, same_shell=True)]
    if word.text is None:
        raise computed(word, _evaluated_later(words, start))
    if word.text in ("", "-") or len(words) == start + 1:
        return []
    if word.text.startswith("-"):
        raise uncertain("trap", f"the option `{word.text}` is not known here")
    return [InnerScript(start, start + 1, posix=False, same_shell=True)]


def script_option(words: Sequence[Word], reader: OptionReader) -> InnerScript:
    """The one option `-c SCRIPT` of `su` and `script`."""
    name = program_name(words[0].text or "")
    given = [found for found in reader.given if found.name in ("-c", "--command")]
    if len(given) != 1:
        raise uncertain(name, "it does not name exactly one command", f"`{name} -c 'COMMAND'`")
    index = given[0].index + 1
    if index >= len(words) or words[index] is not given[0].value:
        raise uncertain(name, "the script is not a word of its own", _split(words, given[0]))
    if words[index].text is None and not is_embedded(words[index]):
        raise computed(words[index])
    return InnerScript(index, index + 1, posix=True)


def _split(words: Sequence[Word], given: Given) -> SimpleCommand | None:
    option, value = words[given.index].text, given.value
    if option is None or value is None or value.text is None:
        return None
    parted = (option.removesuffix(value.text).removesuffix("="), value.text)
    return rewritten([*words[: given.index], *map(literal_word, parted), *words[given.index + 1 :]])


def _with_arguments(words: Sequence[Word], index: int, *, posix: bool) -> SimpleCommand | None:
    """The same with what is computed in the script given to it as `$1`, `$2` and so on."""
    others = list(words[index + 1 :]) or [literal_word("_")]
    if not all(word.single for word in others):
        return None
    arguments: list[Word] = []
    text, quote = "", ""
    for piece in words[index].pieces:
        if isinstance(piece, Literal):
            added = piece.text
            if quote == "closing":
                added, quote = added.removeprefix("'"), ""
            quote = _quote_after(added, quote)
            text += added
            continue
        if not isinstance(piece, Parameter | Substitution | Arithmetic | Placeholder):
            return None
        if quote == "'" and text.endswith("'"):
            text, quote = text[:-1], "closing"
        position = f"${{{len(others) + len(arguments)}}}"
        text += position if quote == '"' else f'"{position}"'
        arguments.append(quoted(joined([piece])))
    if quote or not _readable(text, posix=posix):
        return None
    return rewritten([*words[:index], literal_word(text), *others, *arguments])


def _evaluated_later(words: Sequence[Word], index: int) -> SimpleCommand | None:
    """The same with variables that are expanded when the script runs."""
    text, quote = "", ""
    for piece in words[index].pieces:
        match piece:
            case Literal(literal):
                quote = _quote_after(literal, quote)
                text += literal
            case Parameter(name, operator="", subscript="") if quote != "'":
                text += f"${{{name}}}" if quote else f'"${{{name}}}"'
            case _:
                return None
    if quote or not _readable(text, posix=False):
        return None
    return rewritten([*words[:index], literal_word(text), *words[index + 1 :]])


def _quote_after(text: str, quote: str) -> str:
    """The quote that is open behind a text, if `quote` is before it."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif char in ("'", '"') and quote in ("", char):
            quote = "" if quote else char
    return quote


def _readable(text: str, *, posix: bool) -> bool:
    try:
        parse(text, posix=posix)
    except RefusedError:
        return False
    return True
