"""Credentials of a hive in TOML: read from their sources once, handed to those children that need them."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.config import AgentConfig, BrokerConfig, HarnessConfig
from hyperhive.config.hive_file import CredentialSource, Hive
from hyperhive.text import sound_text
from hyperhive.up.paths import make_private, write_private

#: Settings of Claude Code that make it use something else than an account or a key.
_OTHER_PROVIDERS: Final = frozenset(
    {"ANTHROPIC_BASE_URL", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_FOUNDRY", "CLAUDE_CODE_USE_VERTEX"}
)


@dataclass(frozen=True)
class Secrets:
    """What the sources gave, by the credential's name: secrets, or one phrase on why there is none."""

    values: Mapping[str, str]
    missing: Mapping[str, str]


def read_sources(sources: Mapping[str, CredentialSource], environment: Mapping[str, str]) -> Secrets:
    values: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name, source in sources.items():
        try:
            if source.env is not None:
                text, where = environment.get(source.env, ""), f"the environment variable {source.env}"
            else:
                text, where = (
                    Path(source.file or "").read_text(encoding="utf-8-sig"),
                    f"the file {source.file}",
                )
        except OSError as error:
            missing[name] = f"the file {source.file} cannot be read: {error.strerror}"
            continue
        except UnicodeDecodeError:
            missing[name] = f"the file {source.file} is not UTF-8 text"
            continue
        if "\0" in text:
            missing[name] = f"{where} has a NUL character"
        elif sound_text(text).replaced:
            missing[name] = f"{where} is not UTF-8 text"
        elif text.strip():
            values[name] = text.strip()
        else:
            missing[name] = f"{where} is not set" if source.env is not None else f"{where} is empty"
    return Secrets(values, missing)


def used_by_broker(config: BrokerConfig) -> list[str]:
    tls, ntfy = config.listen.tls, config.notifications.ntfy
    named = (
        config.operator.password_credential,
        None if tls is None else tls.key_credential,
        None if ntfy is None else ntfy.token_credential,
    )
    return [name for name in named if name is not None]


def without_missing(agent: AgentConfig, secrets: Secrets) -> AgentConfig:
    """The agent with those credentials that are there, so that its harness starts and says what it lacks."""
    present = {variable: name for variable, name in agent.credentials.items() if name in secrets.values}
    return agent.model_copy(update={"credentials": present})


def has_account(harness: HarnessConfig, secrets: Secrets) -> bool:
    """Whether an agent has anything to use Claude with: a credential, a login, another provider."""
    return (
        any(name in secrets.values for name in harness.agent.credentials.values())
        or (Path(harness.claude.home) / ".claude" / ".credentials.json").is_file()
        or not _OTHER_PROVIDERS.isdisjoint(harness.claude.env)
    )


def agents_without_account(hive: Hive, secrets: Secrets) -> list[str]:
    return [name for name, harness in hive.harnesses.items() if not has_account(harness, secrets)]


class CredentialFiles:
    """Private directories, one for each child, in the form of systemd's `$CREDENTIALS_DIRECTORY`."""

    def __init__(self, root: Path, values: Mapping[str, str]) -> None:
        self._root = root
        self._values = values

    def directory(self, child: str) -> Path:
        return self._root / child

    def grant(self, child: str, names: Iterable[str]) -> Path:
        """Write the named credentials for one child; returns its directory (0700, files 0600)."""
        directory = self.directory(child)
        make_private(self._root)
        make_private(directory)
        for name in names:
            if name in self._values:
                write_private(directory / name, self._values[name])
        return directory

    def remove(self) -> None:
        """Remove everything, also what an earlier run left when it was killed."""
        shutil.rmtree(self._root, ignore_errors=True)
