"""The hive in one TOML file, for `hyperhive up`: fills the contract models and owns their defaults there."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError, model_validator

from hyperhive.config.files import describe_errors
from hyperhive.config.models import (
    AgentConfig,
    BrokerConfig,
    ClaudeConfig,
    ConfigModel,
    CredentialName,
    EnvironmentName,
    HarnessConfig,
)
from hyperhive.errors import ConfigError

#: Every key that a hive file may leave out, with the value it then has. What a comment shows has no
#: TOML value: leaving the key out is the only way to say it.
DEFAULTS: Final = """
[operator]
pronouns = "they/them"
# password_credential: absent = login with the token link only

[dashboard]
host = "127.0.0.1"
port = 7000
host_names = ["127.0.0.1", "localhost", "[::1]"]
plain_remote = false
# tls = { certificate = "cert.pem", key_credential = "name" }: absent = plain HTTP

[defaults]                              # of every [agents.NAME]; notes, context, budget and limits merge
model = "sonnet"
# models: absent = the agent's model, sonnet, opus and haiku
system_prompt = ""
# allowed_recipients: absent = anyone
# bash: absent = any command; [] = no Bash
tools = ["Bash", "Read", "Write", "Edit", "Glob", "Grep"]
mcp_servers = {}                        # X = { command, args = [], env = {}, allowed_tools = ["*"] }
notes = { compact_above_bytes = 65536 }
context = { compact_above_percent = 80 }
budget = {}                             # usd_cents_per_day, turns_per_day: absent = no cap
limits = { cpu_percent = 200, memory_mib = 4096, disk_mib = 10240, tasks = 1024 }
credentials = {}                        # ENVIRONMENT_VARIABLE = "credential name"

[claude]
# cli: absent = the program inside claude-agent-sdk
env = {}

[delivery]
lease_seconds = 60

[loop_breaker]
messages_per_minute = 30
duplicates = 5
ping_pong = 40

[retention]
messages_days = 30
events_days = 14
stats_days = 90

[notifications.ntfy]                    # url = "https://SERVER/TOPIC"; without the table nothing is pushed
# token_credential: absent = no access token
# dashboard_url: absent = the dashboard's own address where it listens beyond loopback, else no link
delay_seconds = 120
kinds = ["question", "message", "agent_failed", "agent_needs_login"]
"""

_BUILT_IN: Final[dict[str, Any]] = tomllib.loads(DEFAULTS)
_SECTIONS: Final = frozenset({*_BUILT_IN, "credentials", "agents"})
_MODELS: Final = ("sonnet", "opus", "haiku")
_MERGED: Final = ("notes", "context", "budget", "limits")
_AGENTS: Final = TypeAdapter(dict[str, AgentConfig])
_CLAUDE: Final = TypeAdapter(dict[str, ClaudeConfig])


@dataclass(frozen=True)
class Places:
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
    file: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError('give exactly one of { env = "VARIABLE" } and { file = "PATH" }')
        return self


_CREDENTIALS: Final = TypeAdapter(dict[CredentialName, CredentialSource])


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


def load_hive(path: Path, places: Places) -> Hive:
    """Read a hive file; relative paths in it are relative to its directory.

    Raises:
        ConfigError: The file cannot be read or is wrong; the message names file, dotted key (or line,
            when it is no TOML) and value, one mistake a line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error
    return parse_hive(text, places, directory=path.resolve().parent, origin=str(path))


def parse_hive(text: str, places: Places, *, directory: Path, origin: str = "hive.toml") -> Hive:
    """Check the text of a hive file; `origin` is what errors call it. Errors as in `load_hive`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin}: is not TOML: {error}") from error
    try:
        return _Reader(data, places, directory, origin).hive()
    except ValidationError as error:
        # The contract says `listen` where the file says `dashboard`.
        raise ConfigError(re.sub(r"\blisten\b", "dashboard", describe_errors(error, origin))) from error


class _Reader:
    """Turns one parsed file into contract models; raises ConfigError or pydantic's ValidationError."""

    def __init__(self, data: dict[str, Any], places: Places, directory: Path, origin: str) -> None:
        self._data = data
        self._places = places
        self._directory = directory
        self._origin = origin

    def hive(self) -> Hive:
        for key, value in self._data.items():
            if key not in _SECTIONS:
                raise self._wrong(key, "is no section of a hive file", value)
            self._table(key, value)
        credentials = self._credentials()
        claude = self._claude()
        broker = BrokerConfig.model_validate(
            {
                "runtime": "process",
                "state_dir": str(self._places.state_dir),
                "runtime_dir": str(self._places.runtime_dir),
                "dashboard_dir": str(self._places.dashboard_dir),
                "listen": self._listen(),
                "operator": {"password_credential": None, **self._section("operator")},
                "delivery": self._section("delivery"),
                "loop_breaker": self._section("loop_breaker"),
                "retention": self._section("retention"),
                "notifications": self._notifications(),
                "agents": self._agents(),
            }
        )
        for key, name in _credentials_used(broker).items():
            if name not in credentials:
                raise self._wrong(key, "is not among [credentials]", name)
        harnesses = {name: self._harness(agent, broker, claude) for name, agent in broker.agents.items()}
        return Hive(broker, harnesses, credentials)

    def _wrong(self, key: str, reason: str, value: object) -> ConfigError:
        return ConfigError(f"{self._origin}: {key}: {reason} (value: {value!r:.200})")

    def _table(self, key: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(key, "must be a table", value)
        return value

    def _section(self, name: str) -> dict[str, Any]:
        return {**_BUILT_IN[name], **self._data.get(name, {})}

    def _listen(self) -> dict[str, Any]:
        listen = {"tls": None, **self._section("dashboard")}
        if isinstance(listen["tls"], dict) and isinstance(listen["tls"].get("certificate"), str):
            listen["tls"] = {**listen["tls"], "certificate": self._path(listen["tls"]["certificate"])}
        return listen

    def _notifications(self) -> dict[str, Any]:
        given = {"ntfy": None, **self._data.get("notifications", {})}
        if isinstance(given["ntfy"], dict):
            absent = {"token_credential": None, "dashboard_url": None}
            given["ntfy"] = {**absent, **_BUILT_IN["notifications"]["ntfy"], **given["ntfy"]}
        return given

    def _credentials(self) -> dict[str, CredentialSource]:
        try:
            sources = _CREDENTIALS.validate_python(self._data.get("credentials", {}))
        except ValidationError as error:
            # The value may be the secret itself, written where its source belongs: it is not repeated.
            name = error.errors()[0]["loc"][0]
            raise ConfigError(
                f'{self._origin}: credentials.{name}: give {{ env = "VARIABLE" }} or {{ file = "PATH" }}, '
                "with a name of letters, digits and _.-"
            ) from None
        return {
            name: source if source.file is None else CredentialSource(file=self._path(source.file))
            for name, source in sources.items()
        }

    def _claude(self) -> ClaudeConfig:
        table = {"cli": None, **self._section("claude")}
        if "home" in table:
            raise self._wrong("claude.home", "is each agent's own directory and no setting", table["home"])
        if isinstance(table["cli"], str):
            table["cli"] = self._path(table["cli"])
        home = str(self._places.state_dir)
        return _CLAUDE.validate_python({"claude": {**table, "home": home}})["claude"]

    def _agents(self) -> dict[str, dict[str, Any]]:
        defaults = self._data.get("defaults", {})
        for key in ("name", "role"):
            if key in defaults:
                raise self._wrong(f"defaults.{key}", "is each agent's own", defaults[key])
        base = self._merged("defaults", _BUILT_IN["defaults"], defaults)
        # Checked on its own, so that a mistake in it is reported once and under its own name.
        _AGENTS.validate_python({"defaults": self._agent("defaults", base)})
        agents = {}
        for name, value in self._data.get("agents", {}).items():
            key = f"agents.{name}"
            table = self._table(key, value)
            if "name" in table:
                raise self._wrong(f"{key}.name", "is the table's own name", table["name"])
            agents[name] = self._agent(name, self._merged(key, base, table))
        if not agents:
            raise ConfigError(f"{self._origin}: agents: a hive needs at least one agent: [agents.NAME]")
        return agents

    def _merged(self, key: str, base: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
        merged = {**base, **table}
        for name in _MERGED:
            merged[name] = {**base[name], **self._table(f"{key}.{name}", merged[name])}
        return merged

    def _agent(self, name: str, table: dict[str, Any]) -> dict[str, Any]:
        """Every field of `AgentConfig`, whatever `table` leaves out."""
        filled = {"role": "agent", "allowed_recipients": None, "bash": None, **table, "name": name}
        if "models" not in filled:
            filled["models"] = list(dict.fromkeys([*_texts(filled["model"]), *_MODELS]))
        filled["budget"] = {"usd_cents_per_day": None, "turns_per_day": None, **filled["budget"]}
        if isinstance(filled["mcp_servers"], dict):
            servers = filled["mcp_servers"].items()
            filled["mcp_servers"] = {key: self._mcp_server(server) for key, server in servers}
        return filled

    def _mcp_server(self, server: object) -> object:
        if not isinstance(server, dict):
            return server
        filled = {"args": [], "env": {}, "allowed_tools": ["*"], **server}
        if "command" in filled:
            filled["command"] = self._dotted_path(filled["command"])
        if isinstance(filled["args"], list):
            filled["args"] = [self._dotted_path(argument) for argument in filled["args"]]
        return filled

    def _harness(self, agent: AgentConfig, broker: BrokerConfig, claude: ClaudeConfig) -> HarnessConfig:
        directory = self._places.agent_dir(agent.name)
        return HarnessConfig(
            agent=agent,
            socket=str(self._places.socket(agent.name)),
            state_dir=str(directory / "state"),
            operator=broker.operator,
            claude=claude.model_copy(update={"home": str(directory / "home")}),
        )

    def _path(self, text: str) -> str:
        return str((self._directory / Path(text).expanduser()).resolve())

    def _dotted_path(self, text: object) -> object:
        # Anything else may be a program in PATH or no path at all.
        return self._path(text) if isinstance(text, str) and text.startswith(("./", "../")) else text


def _texts(value: object) -> list[str]:
    # A value of another type is reported where it stands, not once more where it is copied to.
    return [value] if isinstance(value, str) else []


def _credentials_used(broker: BrokerConfig) -> dict[str, str]:
    """Dotted key in the file -> the credential's name that stands there."""
    used = {
        f"agents.{name}.credentials.{variable}": credential
        for name, agent in broker.agents.items()
        for variable, credential in agent.credentials.items()
    }
    if broker.operator.password_credential is not None:
        used["operator.password_credential"] = broker.operator.password_credential
    if broker.listen.tls is not None:
        used["dashboard.tls.key_credential"] = broker.listen.tls.key_credential
    ntfy = broker.notifications.ntfy
    if ntfy is not None and ntfy.token_credential is not None:
        used["notifications.ntfy.token_credential"] = ntfy.token_credential
    return used
