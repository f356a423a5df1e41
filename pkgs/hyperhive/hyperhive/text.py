"""Text as every part of hyperhive can keep it, and what was given as an error may repeat it.

Texts come from models, servers, programs and people, and not all are Unicode: JavaScript cuts a text in the
middle of a character, a file or an argument is in another encoding. Neither UTF-8 nor SQLite takes half of a
character, so each is replaced by U+FFFD once, where it enters, and whoever gave it is told.
"""

import dataclasses
import re
import unicodedata
from typing import Any, Final, NamedTuple, TypeVar

REPLACEMENT: Final = "\ufffd"

_HALF: Final = re.compile("[\ud800-\udfff]")
_HALF_OR_NUL: Final = re.compile("[\ud800-\udfff\0]")
#: An escape in JSON: a whole character of two halves, a lone half or NUL (`bad`), any other.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|u(?P<bad>[dD][89a-fA-F][0-9a-fA-F]{2}|0000)|.)",
    re.DOTALL,
)
#: Characters of what an error repeats.
_SHOWN: Final = 200
#: Fillers, joiners and variants that take no room, and the empty Braille cell: printable, and never seen.
_FILLER: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

T = TypeVar("T")


class Sound(NamedTuple):
    """A text, and how many characters of it (of what was bytes: bytes) had to be replaced."""

    text: str
    replaced: int


def sound_text(text: str, *, nul: bool = False) -> Sound:
    """`text` without halves of characters and, with `nul`, without NUL, behind which SQLite finds nothing."""
    if text.isascii() and not (nul and "\0" in text):
        return Sound(text, 0)
    return Sound(*(_HALF_OR_NUL if nul else _HALF).subn(REPLACEMENT, text))


def sound(value: T, *, nul: bool = False) -> tuple[T, int]:
    """`sound_text` for all texts in a value: lists, dicts (keys, too) and dataclasses, changed in place."""
    whole: list[Any] = [value]
    waiting: list[Any] = [whole]
    replaced = 0

    def one(inner: Any) -> Any:
        nonlocal replaced
        if isinstance(inner, str):
            inner, count = sound_text(inner, nul=nul)
            replaced += count
        elif isinstance(inner, (list, dict)) or dataclasses.is_dataclass(inner):
            # Not by recursion: what a model calls a tool with may be nested as deeply as JSON goes.
            waiting.append(inner)
        return inner

    while waiting:
        holder = waiting.pop()
        if isinstance(holder, list):
            holder[:] = map(one, holder)
        elif isinstance(holder, dict):
            items = [(one(key), one(inner)) for key, inner in holder.items()]
            holder.clear()
            for key, inner in items:
                holder[_free(key, holder)] = inner
        else:
            for field in dataclasses.fields(holder):
                object.__setattr__(holder, field.name, one(getattr(holder, field.name)))
    return whole[0], replaced


def decoded(raw: bytes) -> Sound:
    """The bytes as text, each that is no UTF-8 replaced."""
    return sound_text(raw.decode(errors="surrogateescape"))


def sound_json(source: bytes | str) -> Sound:
    """JSON in which all texts are sound and without NUL; what is no JSON is left to its reader."""
    text, replaced = decoded(source) if isinstance(source, bytes) else sound_text(source)
    if "\\u" not in text:
        return Sound(text, replaced)

    def escape(found: re.Match[str]) -> str:
        nonlocal replaced
        if found["bad"] is None:
            return found[0]
        replaced += 1
        return r"\ufffd"

    return Sound(_ESCAPE.sub(escape, text), replaced)


def replaced_note(count: int, what: str = "character") -> str:
    """What whoever gave the text is told, e.g. "2 bytes were not UTF-8 and were replaced by U+FFFD"."""
    many, verb = (f"{what}s", "were") if count > 1 else (what, "was")
    reason = f"{verb} not UTF-8" if what == "byte" else "could not be kept"
    return f"{count} {many} {reason} and {verb} replaced by U+FFFD"


def is_unseen(char: str) -> bool:
    """Whether nobody sees it: a control (ends of lines are such), what turns or joins others, a filler."""
    return unicodedata.category(char)[0] == "C" or _FILLER.match(char) is not None


def shown(value: object) -> str:
    """What was given, as an error may repeat it: on one line, in quotes, and only its beginning."""
    # Not more of a large text is written out than is shown.
    text = repr(value[: _SHOWN + 1] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _free(key: Any, taken: dict[Any, Any]) -> Any:
    """Two keys that differ in what was replaced stay two."""
    while isinstance(key, str) and key in taken:
        key += REPLACEMENT
    return key
