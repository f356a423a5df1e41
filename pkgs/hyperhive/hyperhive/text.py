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
#: An escape in JSON of NUL or of half a character that has no other half beside it. `\\` must be none of its
#: own where this is used.
_BAD_ESCAPE: Final = re.compile(
    r"\\u(?:0000|[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2}))"
)
#: How one of them can begin. Looking for these first takes a tenth of the time.
_BAD_BEGINS: Final = (r"\u0000", r"\ud", r"\uD")
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


class JsonSize(NamedTuple):
    """How many keys a JSON text has, and at most how many values: each element and each holder is one."""

    keys: int
    values: int


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


def sound_json(source: bytes | str, *, most: int | None = None) -> Sound:
    """JSON in which all texts are sound and without NUL; what is no JSON is left to its reader.

    A `ValueError` says that more than `most` had to be replaced. It bounds the time that this takes, too.
    """
    if isinstance(source, bytes):
        if most is not None and _broken_bytes(source) > most:
            raise ValueError(_too_many(most, "bytes"))
        text, replaced = decoded(source)
    else:
        text, replaced = sound_text(source)
    # A bare NUL is no JSON: nothing of it is to be made sound, and it can stand for something here.
    if "\0" in text or not any(begin in text for begin in _BAD_BEGINS):
        return Sound(text, replaced)
    if has_backslashes := "\\\\" in text:
        text = text.replace("\\\\", "\0\0")
    text, escapes = _BAD_ESCAPE.subn(r"\\ufffd", text, 0 if most is None else most + 1)
    if most is not None and escapes > most:
        raise ValueError(_too_many(most, "characters"))
    return Sound(text.replace("\0\0", "\\\\") if has_backslashes else text, replaced + escapes)


def json_size(source: bytes, most: int) -> JsonSize:
    """How much a reader of this JSON has to do, up to `most` values; behind them it is not counted any more.

    It takes about as long as copying the bytes. Of what is no JSON, it is any size.
    """
    if b"\\" in source:
        source = source.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Every second piece stands between two texts. Of two texts, one at least is a value.
    pieces = source.split(b'"', 4 * most + 4)
    between = b"".join(pieces[::2])
    return JsonSize(keys=between.count(b":"), values=1 + len(between) - len(between.translate(None, b",[{")))


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


def _broken_bytes(source: bytes) -> int:
    """How many of the bytes are no UTF-8."""
    return 0 if source.isascii() else len(source) - len(source.decode(errors="ignore").encode())


def _too_many(most: int, what: str) -> str:
    return f"more than {most} {what} of it are no text: send UTF-8"


def _free(key: Any, taken: dict[Any, Any]) -> Any:
    """Two keys that differ in what was replaced stay two."""
    while isinstance(key, str) and key in taken:
        key += REPLACEMENT
    return key
