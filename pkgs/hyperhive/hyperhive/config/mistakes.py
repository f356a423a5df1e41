"""What can be wrong with a configuration, so that one look finds all of it: shape, rules, what was meant."""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from hyperhive.text import shown

T = TypeVar("T")

#: Of a mistake that has no value to be shown.
NOTHING: Final = object()
#: Most names that a hint lists.
_KNOWN: Final = 20
#: Most characters of a reason, which may repeat what stands in the file.
_REASON: Final = 500


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong.

    Attributes:
        key: Where, from the top of the file.
        reason: What is wrong.
        value: What stands there, or NOTHING.
        hint: What may be meant, or an empty text.
    """

    key: tuple[str | int, ...]
    reason: str
    value: object = NOTHING
    hint: str = ""

    def document(self) -> dict[str, str | None]:
        """All of it as text that an error may repeat."""
        return {
            "key": ".".join(str(part)[:200] for part in self.key) or "(whole file)",
            "reason": self.reason[:_REASON],
            "value": None if self.value is NOTHING else shown(self.value),
            "hint": self.hint[:_REASON] or None,
        }

    def __str__(self) -> str:
        told = self.document()
        value = "" if told["value"] is None else f" (value: {told['value']})"
        hint = "" if told["hint"] is None else f"; {told['hint']}"
        return f"{told['key']}: {told['reason']}{value}{hint}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words as a hint, or which there are; a word of the Nix options counts too."""
    names = list(known)
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", word[:100]).lower()
    by_plain = {name.replace("-", "_").lower(): name for name in names}
    near = difflib.get_close_matches(plain, by_plain, n=1)
    if near:
        return f"did you mean {by_plain[near[0]]!r}?"
    more = ", …" if len(names) > _KNOWN else ""
    return f"known are {', '.join(names[:_KNOWN])}{more}" if names else ""


def with_rules(validate: Callable[[], T], broken: Iterable[Mistake]) -> T:
    """What `validate` returns; what it refuses and which rules are broken is raised as one error.

    Pydantic looks at rules between fields only when each field is right by itself.
    """
    lines = [
        InitErrorDetails(type=PydanticCustomError("rule", rule.reason), loc=rule.key, input=rule)
        for rule in broken
    ]
    try:
        valid = validate()
    except ValidationError as error:
        lines[:0] = [
            InitErrorDetails(
                type=PydanticCustomError(one["type"], one["msg"]), loc=one["loc"], input=one["input"]
            )
            for one in error.errors(include_url=False)
        ]
    else:
        if not lines:
            return valid
    raise ValidationError.from_exception_data("configuration", lines)
