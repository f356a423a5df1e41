"""Reads `broker.json` and `harness.json`, and says every mistake of a file with its key and value."""

import codecs
import types
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hyperhive.config.fields import Context
from hyperhive.config.mistakes import NOTHING, Mistake, did_you_mean
from hyperhive.config.models import BrokerConfig, ConfigModel, HarnessConfig, is_model
from hyperhive.errors import ConfigError

ModelT = TypeVar("ModelT", bound=ConfigModel)
#: Most mistakes that are told one by one.
_TOLD: Final = 50
#: Kinds of mistakes whose value says nothing: it is missing, in the sentence, or the whole file.
_WITHOUT_VALUE: Final = frozenset({"missing", "value_error", "json_invalid"})
#: How JSON calls what Python calls a dictionary and a list.
_JSON: Final = {
    "model_type": "Input should be an object",
    "dict_type": "Input should be an object",
    "list_type": "Input should be a valid array",
}


def mistakes_of(
    error: ValidationError,
    kind: type[ConfigModel],
    reword: Callable[[ErrorDetails], str | None] = lambda mistake: _JSON.get(mistake["type"]),
) -> list[Mistake]:
    """Everything that pydantic has against a file of this kind; `reword` may say it better."""
    return [_mistake(one, kind, reword) for one in error.errors(include_url=False)]


def refuse(mistakes: Sequence[Mistake], origin: str) -> ConfigError:
    """The error that tells the mistakes, one a line with the file in front, and how many more there are."""
    told = mistakes[:_TOLD]
    lines = [f"{origin}: {mistake}" for mistake in told]
    if len(mistakes) > _TOLD:
        lines.append(f"{origin}: and {len(mistakes) - _TOLD} more mistakes")
    return ConfigError("\n".join(lines), [mistake.document() for mistake in told])


def load_broker_config(path: Path, context: Context | None = None) -> BrokerConfig:
    """Read `broker.json`.

    Raises:
        ConfigError: The file cannot be read or is wrong; the message names file, key and value, every mistake
            in a line of its own.
    """
    return _load(BrokerConfig, path, context)


def load_harness_config(path: Path, context: Context | None = None) -> HarnessConfig:
    """Read `harness.json`; errors as in `load_broker_config`."""
    return _load(HarnessConfig, path, context)


def _load(kind: type[ModelT], path: Path, context: Context | None) -> ModelT:
    try:
        # Editors of Windows put a byte order mark in front, which means nothing in UTF-8.
        return kind.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8), context=context)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise refuse(mistakes_of(error, kind), str(path)) from error


def _mistake(
    one: ErrorDetails, kind: type[ConfigModel], reword: Callable[[ErrorDetails], str | None]
) -> Mistake:
    if isinstance(one["input"], Mistake):
        rule = one["input"]
        return Mistake(one["loc"], rule.reason, rule.value, rule.hint)
    better = reword(one)
    value = NOTHING if one["type"] in _WITHOUT_VALUE else one["input"]
    # What was said better says itself what is meant; a section may be misspelt all the same.
    hint = "" if better and len(one["loc"]) > 1 else _hint(one, kind)
    return Mistake(one["loc"], better or one["msg"].removeprefix("Value error, "), value, hint)


def _hint(one: ErrorDetails, kind: type[ConfigModel]) -> str:
    *above, last = one["loc"] or ("",)
    known: Iterable[str] = ()
    word = str(last)
    if one["type"] == "extra_forbidden":
        table = _type_at(kind, above)
        known = table.model_fields if is_model(table) else ()
    elif one["type"] == "literal_error":
        choices = _type_at(kind, one["loc"])
        known = get_args(choices) if get_origin(choices) is Literal else ()
        word = str(one["input"])
    return did_you_mean(word, known)


def _type_at(kind: Any, key: Sequence[str | int]) -> Any:
    """The type of what stands at this key of a file, or None."""
    for part in key:
        if is_model(kind):
            field = kind.model_fields.get(str(part))
            kind = _bare(field.annotation) if field else None
        elif get_origin(kind) in {dict, list}:
            kind = _bare(get_args(kind)[-1])
        else:
            return None
    return kind


def _bare(kind: Any) -> Any:
    """The type without what is noted beside it, and without None."""
    while get_origin(kind) in {Annotated, Union, types.UnionType}:
        kind = next(one for one in get_args(kind) if one is not types.NoneType)
    return kind
