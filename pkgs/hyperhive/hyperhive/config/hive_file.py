"""The hive in one TOML file, for `hyperhive up`: `HiveFile` is its shape, `Hive` what it comes to."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import ErrorDetails

from hyperhive.config.fields import (
    LINES,
    AgentName,
    CredentialName,
    EnvironmentName,
    HiveFileContext,
    Role,
    absolute,
    default,
)
from hyperhive.config.files import mistakes_of, refuse
from hyperhive.config.hive_rules import hive_rules, without_repeats
from hyperhive.config.mistakes import with_rules
from hyperhive.config.models import (
    AgentConfig,
    AgentSettings,
    BrokerConfig,
    ClaudeConfig,
    ClaudeSettings,
    ConfigModel,
    DeliveryConfig,
    HarnessConfig,
    ListenConfig,
    LoopBreakerConfig,
    NotificationsConfig,
    OperatorConfig,
    RetentionConfig,
    is_model,
)
from hyperhive.errors import ConfigError


@dataclass(frozen=True)
class Paths:
    """Absolute directories that are no part of a hive file."""

    state_dir: Path
    runtime_dir: Path
    dashboard_dir: Path

    def socket(self, agent: str) -> Path:
        """The broker's Unix socket for `agent`."""
        return self.runtime_dir / "agents" / agent / "broker.sock"

    def agent_dir(self, agent: str) -> Path:
        """Holds the agent's durable `state` and its `home`."""
        return self.state_dir / "agents" / agent


class CredentialSource(ConfigModel):
    """Where a credential's value is taken from at start: an environment variable or a file."""

    env: EnvironmentName | None = None
    file: Annotated[Annotated[str, LINES] | None, BeforeValidator(absolute)] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("neither or both are given")
        return self


def _source(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(value)
    except ValidationError as error:
        if all(one["type"] == "senseless_character" for one in error.errors()):
            reason = "; ".join(f"{one['loc'][0]} {one['msg']}" for one in error.errors())
        else:
            reason = 'give { env = "VARIABLE" } or { file = "PATH" }'
        # The value may be the secret itself, written where its source belongs: it is not repeated.
        raise ValueError(reason) from None


class AgentTable(AgentSettings):
    """One agent, named by its table."""

    role: Role


def _some(agents: dict[str, AgentTable]) -> dict[str, AgentTable]:
    if not agents:
        raise ValueError("a hive needs at least one agent: [agents.NAME]")
    return agents


class HiveFile(ConfigModel):
    """A hive file, table by table; `hive_rules` says what has to fit together."""

    operator: OperatorConfig
    dashboard: ListenConfig
    defaults: AgentSettings
    """of every [agents.NAME]; notes, context, budget and limits merge with the agent's own"""
    claude: ClaudeSettings
    delivery: DeliveryConfig
    loop_breaker: LoopBreakerConfig
    retention: RetentionConfig
    notifications: NotificationsConfig
    credentials: Annotated[
        dict[CredentialName, Annotated[CredentialSource, WrapValidator(_source)]], default({})
    ]
    agents: Annotated[dict[AgentName, AgentTable], AfterValidator(_some), default({})]

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, tables: Any) -> Any:
        match tables:
            case {"defaults": dict(base), "agents": dict(agents)}:
                return {**tables, "agents": {name: _over(base, table) for name, table in agents.items()}}
        return tables


def _over(base: dict[str, Any], table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    merged = {**base, **table}
    for name, field in AgentSettings.model_fields.items():
        match base.get(name), table.get(name):
            case dict(lower), dict(upper) if is_model(field.annotation):
                merged[name] = {**lower, **upper}
    return merged


@dataclass(frozen=True)
class Hive:
    """A hive file, checked.

    Attributes:
        broker: What `broker.json` holds.
        harnesses: What each agent's `harness.json` holds, by agent.
        credentials: Source of every credential, by name; files are absolute paths.
    """

    broker: BrokerConfig
    harnesses: Mapping[str, HarnessConfig]
    credentials: Mapping[str, CredentialSource]


def load_hive(path: Path, paths: Paths, check_pattern: Callable[[str], object] = str) -> Hive:
    """Read a hive file; relative paths in it are relative to its directory.

    Raises:
        ConfigError: The file cannot be read or is wrong; the message names file, dotted key (or line,
            when it is no TOML) and value, every mistake in a line of its own.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error
    directory = path.resolve().parent
    return parse_hive(text, paths, directory=directory, origin=str(path), check_pattern=check_pattern)


def parse_hive(
    text: str,
    paths: Paths,
    *,
    directory: Path,
    origin: str = "hive.toml",
    check_pattern: Callable[[str], object] = str,
) -> Hive:
    """Check the text of a hive file; `origin` is what errors call it. Errors as in `load_hive`."""
    context = HiveFileContext(directory=directory, check_pattern=check_pattern)
    data = _tables(text, origin)
    broken = list(hive_rules(data))
    try:
        file = with_rules(lambda: HiveFile.model_validate(data, context=context), broken)
    except ValidationError as error:
        mistakes = mistakes_of(error, HiveFile, _reword)
        raise refuse(without_repeats(mistakes, data), origin) from error
    broker = _broker(file, paths)
    harnesses = {name: _harness(agent, file, paths) for name, agent in broker.agents.items()}
    return Hive(broker, harnesses, file.credentials)


def _tables(text: str, origin: str) -> dict[str, Any]:
    try:
        # Editors of Windows put a byte order mark in front.
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        lines = text.rstrip("\n").split("\n")
        end = f"at the end of line {len(lines)}, column {len(lines[-1]) + 1}"
        reason = str(error).replace("at end of document", end)
        raise ConfigError(f"{origin}: is not TOML: {reason}") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or brackets that deep.
        raise ConfigError(f"{origin}: is not TOML that Python can read: {error}") from error


def _reword(mistake: ErrorDetails) -> str | None:
    match mistake["type"], mistake["loc"]:
        case (("model_type" | "dict_type"), _):
            reason = "must be a table"
        case "extra_forbidden", (_,):
            reason = "is no section of a hive file"
        case "extra_forbidden", ("defaults", "name" | "role"):
            reason = "is each agent's own"
        case "extra_forbidden", ("agents", _, "name"):
            reason = "is the table's own name"
        case "extra_forbidden", ("claude", "home"):
            reason = "is each agent's own directory and no setting"
        case _:
            return None
    return reason


def _broker(file: HiveFile, paths: Paths) -> BrokerConfig:
    return BrokerConfig.model_validate(
        {
            "runtime": "process",
            "state_dir": str(paths.state_dir),
            "runtime_dir": str(paths.runtime_dir),
            "dashboard_dir": str(paths.dashboard_dir),
            "listen": file.dashboard,
            "operator": file.operator,
            "delivery": file.delivery,
            "loop_breaker": file.loop_breaker,
            "retention": file.retention,
            "notifications": file.notifications,
            "agents": {name: {"name": name, **dict(table)} for name, table in file.agents.items()},
        }
    )


def _harness(agent: AgentConfig, file: HiveFile, paths: Paths) -> HarnessConfig:
    directory = paths.agent_dir(agent.name)
    return HarnessConfig(
        agent=agent,
        socket=str(paths.socket(agent.name)),
        state_dir=str(directory / "state"),
        operator=file.operator,
        claude=ClaudeConfig(home=str(directory / "home"), **dict(file.claude)),
    )


def documented_keys() -> str:
    """Every key of a hive file with its default, as TOML; what has no value there is a comment."""
    sections = [
        _section(name, field.annotation, HiveFile.meanings().get(name, ""))
        for name, field in HiveFile.model_fields.items()
        if is_model(field.annotation)
    ]
    return "\n".join(line for section in sections for line in section)


def _section(path: str, model: type[ConfigModel], comment: str) -> Iterator[str]:
    values, meanings = model.default_values(), model.meanings()
    lines, inner = [], []
    for name, field in model.model_fields.items():
        absent = re.search(r"`null` ([^.;]*)", " ".join(meanings.get(name, "").split()))
        words = f"absent {absent[1]}" if absent else ""
        below = f"{path}.{name}.NAME" if get_origin(field.annotation) is dict else f"{path}.{name}"
        found = [one for one in (field.annotation, *get_args(field.annotation)) if is_model(one)]
        if found:
            inner.append(_section(below, found[0], words))
        elif name not in values:
            lines.append(f"# {name}: must be given")
        elif values[name] is None:
            lines.append(f"# {name}: {words}")
        else:
            lines.append(f"{name} = {json.dumps(values[name])}")
    if lines:
        yield f"[{path}]".ljust(40) + f"# {comment}" if comment else f"[{path}]"
        yield from [*lines, ""]
    for section in inner:
        yield from section
