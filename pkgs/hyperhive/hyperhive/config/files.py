"""Reads `broker.json` and `harness.json`; what is wrong is said with its key and its value."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hyperhive.config.models import BrokerConfig, ConfigModel, HarnessConfig
from hyperhive.errors import ConfigError

ModelT = TypeVar("ModelT", bound=ConfigModel)


def describe_errors(
    error: ValidationError, origin: str, reword: Callable[[ErrorDetails], str | None] = lambda _: None
) -> str:
    """One line per mistake: file, dotted key, what is wrong (`reword` may say it better) and the value."""
    lines = []
    for detail in error.errors(include_url=False):
        key = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
        reason = reword(detail) or detail["msg"].removeprefix("Value error, ")
        given = "" if detail["type"] in {"missing", "value_error"} else f" (value: {detail['input']!r:.200})"
        lines.append(f"{origin}: {key}: {reason}{given}")
    return "\n".join(lines)


def load_broker_config(path: Path) -> BrokerConfig:
    """Read `broker.json`.

    Raises:
        ConfigError: The file cannot be read or is wrong; the message names file, key and value.
    """
    return _load(BrokerConfig, path)


def load_harness_config(path: Path) -> HarnessConfig:
    """Read `harness.json`; errors as in `load_broker_config`."""
    return _load(HarnessConfig, path)


def _load(kind: type[ModelT], path: Path) -> ModelT:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigError(describe_errors(error, str(path))) from error
