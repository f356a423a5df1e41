"""`hyperhive check-config`, and configuration files as commands get them: a hive in TOML, or rendered."""

import argparse
import json
from pathlib import Path
from typing import Final, Literal

from hyperhive.cli.command import OK, Command, emit
from hyperhive.config import BrokerConfig, load_broker_config, load_harness_config
from hyperhive.config.fields import Context
from hyperhive.config.hive_file import Hive, load_hive
from hyperhive.domain.bash import validate_pattern
from hyperhive.errors import ConfigError
from hyperhive.system.installation import dashboard_dir
from hyperhive.up.paths import choose_paths

Kind = Literal["hive", "broker", "harness"]
_STATE_DIR: Final = Path(".hyperhive")
KINDS: Final[tuple[Kind, ...]] = ("hive", "broker", "harness")


def guess_kind(path: Path) -> Kind:
    """What kind of file it is, by its ending and first keys; a broken file counts as a broker's.

    Raises:
        ConfigError: The file cannot be read.
    """
    if path.suffix == ".toml":
        return "hive"
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        return "broker"
    return "harness" if isinstance(document, dict) and "agent" in document else "broker"


def check(path: Path, kind: Kind) -> list[str]:
    """Check a file of a known kind; returns the names of the agents in it.

    Raises:
        ConfigError: The message names file, key and value, one mistake a line.
    """
    if kind == "harness":
        return [load_harness_config(path, Context(check_pattern=validate_pattern)).agent.name]
    return list(_load(path, kind, _STATE_DIR)[0].agents)


def load_broker(path: Path, state_dir: Path = _STATE_DIR) -> tuple[BrokerConfig, Hive | None]:
    """What a hive in TOML or a broker.json says; a hive only in the first case. Errors as in `check`."""
    kind = guess_kind(path)
    if kind == "harness":
        raise ConfigError(f"{path}: is one agent's harness.json; give the hive's TOML file or broker.json")
    return _load(path, kind, state_dir)


def load_hive_file(path: Path, state_dir: Path) -> Hive:
    """A hive in TOML whose state is in `state_dir`; errors as in `check`."""
    return load_hive(path, choose_paths(state_dir, dashboard_dir()), validate_pattern)


def _load(path: Path, kind: Literal["hive", "broker"], state_dir: Path) -> tuple[BrokerConfig, Hive | None]:
    if kind == "hive":
        hive = load_hive_file(path, state_dir)
        return hive.broker, hive
    return load_broker_config(path, Context(check_pattern=validate_pattern)), None


def _check_config_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a hive in TOML, broker.json or harness.json")
    parser.add_argument("--kind", choices=KINDS, help="what FILE is (default: seen from its ending and keys)")


def _check_config(args: argparse.Namespace) -> int:
    kind = args.kind or guess_kind(args.file)
    names = check(args.file, kind)
    emit(args, {"kind": kind, "agents": names}, f"{args.file}: a good {kind} file ({', '.join(names)})")
    return OK


COMMANDS: Final = {
    "check-config": Command(
        """
Every mistake is named with file, dotted key and value, and with the nearest known word where one is unknown.
`hyperhive up` says the same, and NixOS runs this on the rendered files while the system builds. With --json
the error has a list of them: key, reason, value, hint.""",
        """
  hyperhive check-config hive.toml
  hyperhive check-config --kind harness /etc/hyperhive/harness.json""",
        _check_config_arguments,
        _check_config,
    ),
}
