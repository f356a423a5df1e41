"""Types of the contract's fields: which text and which numbers a field takes at all."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from hyperhive.protocol.base import AGENT_NAME_PATTERN
from hyperhive.protocol.mcp_names import server_fault


@dataclass(frozen=True, kw_only=True)
class Context:
    """Context of a validation.

    Attributes:
        check_pattern: Raises ValueError for a Bash pattern that cannot work; a layer above knows.
    """

    check_pattern: Callable[[str], object] = str


@dataclass(frozen=True, kw_only=True)
class HiveFileContext(Context):
    """Context of a hive file's validation: it may leave out what has a default.

    Attributes:
        directory: Where its relative paths start.
    """

    directory: Path


def absolute(path: Any, info: ValidationInfo) -> Any:
    """Where a path leads that stands in a hive file; elsewhere it stays as it is."""
    if not (isinstance(info.context, HiveFileContext) and isinstance(path, str)):
        return path
    if "\0" in path:
        # Nothing can be asked about it; the field refuses it.
        return str(info.context.directory / path)
    try:
        return str((info.context.directory / Path(path).expanduser()).resolve())
    except RuntimeError as error:
        raise ValueError(f"nobody has such a home directory: {path!r}") from error


def dotted(word: Any, info: ValidationInfo) -> Any:
    """As `absolute` for `./x` and `../x`; anything else may be a program in PATH or no path at all."""
    return absolute(word, info) if isinstance(word, str) and word.startswith(("./", "../")) else word


def default(value: JsonValue) -> Any:
    """What a field is where Nix options or hive files leave it out; the model still requires it."""
    return Field(json_schema_extra={"default": value})


def _without(pattern: str) -> AfterValidator:
    """Refuses characters that a field has no use for; surrogates are no text and cannot be written down."""
    senseless: Callable[[str], re.Match[str] | None] = re.compile(rf"[{pattern}\ud800-\udfff]").search

    def check(text: str) -> str:
        found = senseless(text)
        if found is not None:
            reason = f"must not contain the character U+{ord(found[0]):04X}"
            raise PydanticCustomError("senseless_character", reason)
        return text

    return AfterValidator(check)


def _fits(text: str) -> str:
    if len(text.encode()) > _ARGUMENT_BYTES:
        reason = f"must have at most {_ARGUMENT_BYTES} bytes, it has {len(text.encode())}"
        raise PydanticCustomError("too_many_bytes", reason)
    return text


def _pattern(text: str, info: ValidationInfo) -> str:
    if isinstance(info.context, Context):
        try:
            info.context.check_pattern(text)
        except ValueError as error:
            raise PydanticCustomError("pattern", str(error)) from error
    return text


def _free(name: str) -> str:
    fault = server_fault(name)
    if fault is not None:
        raise ValueError(fault)
    return name


#: A process gets nothing longer than 128 KiB as one argument or variable; some of it is for what we add.
_ARGUMENT_BYTES: Final = 100_000

#: Text on one line; text that may have several, and tabs. Constraints stand before them to reach the schema.
ONE_LINE: Final = _without(r"\x00-\x1f\x7f-\x9f")
LINES: Final = _without(r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f")
#: An argument or a variable's value, where the kernel takes everything but NUL.
ProcessText = Annotated[str, _without(r"\x00"), AfterValidator(_fits)]
#: Text that Claude Code gets as an argument.
Prompt = Annotated[str, LINES, AfterValidator(_fits)]

AgentName = Annotated[str, StringConstraints(pattern=AGENT_NAME_PATTERN)]
Recipient = Annotated[str, StringConstraints(pattern=AGENT_NAME_PATTERN)]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
CredentialName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$", max_length=255)]
ServerName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"), AfterValidator(_free)
]
BashPattern = Annotated[str, StringConstraints(min_length=1), LINES, AfterValidator(_pattern)]
#: Characters of other kinds become `_` in a session, and so they can be given here.
ServerTool = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Za-z0-9_.-]+)$")]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200), ONE_LINE]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/"), LINES, BeforeValidator(absolute)]
#: Host and port of an address, as far as Nix can judge them as well.
_SERVER: Final = r"^https?://([A-Za-z0-9.-]+|\[[A-Fa-f0-9:.]+])(:[0-9]{1,5})?(/[A-Za-z0-9._~%-]+)*"
TopicUrl = Annotated[str, StringConstraints(pattern=rf"{_SERVER}/[A-Za-z0-9_-]{{1,64}}$", max_length=500)]
BaseUrl = Annotated[str, StringConstraints(pattern=rf"{_SERVER}/?$", max_length=500)]
Role = Annotated[
    Literal["agent", "manager"],
    Field(
        description="The manager coordinates the hive: it may write to everyone, and start, stop and restart "
        "agents. A hive has at most one; `services.hyperhive.manager` declares it in NixOS."
    ),
    default("agent"),
]

#: How many of something there may be; 0 often stands for no limit.
Count = Annotated[int, Field(ge=0, le=1_000_000)]
#: A hundred years, which every clock can look back.
Days = Annotated[int, Field(ge=0, le=36_500)]
#: Up to a pebibyte, whose bytes every program counts exactly.
MebiBytes = Annotated[int, Field(ge=64, le=1_073_741_824)]
#: MiB that may be stored; 0 for no limit.
Quota = Annotated[int, Field(ge=0, le=1_073_741_824)]
