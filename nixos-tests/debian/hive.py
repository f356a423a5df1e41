"""Puts a scenario's hive onto a machine: what the NixOS module rendered for it, and its scripted model.

Scenarios whose machines differ in nothing but what the model says have the same hive: one that was set up
once can be taken again.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from cache import Key
from machine import Machine

_HERE: Final = Path(__file__).resolve().parent
_TESTS: Final = _HERE.parent
_INSTALLER: Final = _HERE / "guest"
_TARGET: Final = "/run/scenario"
_MODEL: Final = "scripted-model.service"
_MODEL_PORT: Final = 4000
_UNITS: Final = "/etc/systemd/system"
#: Done before a machine's state is kept: what hives need is then in memory.
_WARM_UP: Final = (
    "udevadm settle",
    # The clock leaps when a kept state is taken again, and units would be taken for stuck.
    "systemctl service-watchdogs no",
    "systemctl start systemd-machined.service",
    "hyperhive scripted-model --help",
    "/nix/store/hyperhive/bin/python3 -c 'import claude_agent_sdk, mcp, aiohttp'",
    "claude --version",
    "nft list ruleset",
)


def rendered(scenario: str) -> Path:
    """Where the committed rendering of the scenario's machine lies."""
    return _TESTS / "eval" / "expected" / f"vm-{scenario}"


def settle(machine: Machine) -> None:
    """Wait until a machine that was just switched on has nothing left to do, and is ready for a hive."""
    machine.wait_until_succeeds("systemctl is-system-running | grep --extended-regexp 'running|degraded'")
    machine.succeed(*_WARM_UP)


class Hive:
    """A rendered machine without its model.

    Args:
        rendering: As `nixos-tests/eval/expected` has them.
    """

    def __init__(self, rendering: Path) -> None:
        self._rendering = rendering
        self._agents = sorted(path.name for path in (rendering / "containers").iterdir())

    def key(self) -> str:
        """The same for the same hive, put there in the same way."""
        key = Key().files(_INSTALLER, Path(__file__))
        for file in sorted(path for path in self._rendering.rglob("*") if path.is_file()):
            if file.name != _MODEL:
                key.text(str(file.relative_to(self._rendering))).files(file)
        return key.name()

    def install(self, machine: Machine) -> None:
        """Install the hive and wait until all its agents are idle.

        Raises:
            CommandError: It does not come up.
        """
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory) / "scenario"
            shutil.copytree(self._rendering, source / "machine", ignore=shutil.ignore_patterns(_MODEL))
            shutil.copytree(_TESTS / "lib", source / "lib")
            shutil.copytree(_INSTALLER, source / "guest", ignore=shutil.ignore_patterns("__pycache__"))
            machine.copy_from_host(str(source), _TARGET)
        machine.succeed(f"python3 -B {_TARGET}/guest/install.py {_TARGET}")
        machine.wait_for_unit("hyperhive.service")
        for container in self._agents:
            machine.wait_for_unit(f"container@{container}.service")
        idle = f"[.agents[].status.state] == {['idle'] * len(self._agents)}".replace("'", '"')
        machine.wait_until_succeeds(f"hyperhive status --json | jq --exit-status '{idle}'")


def start_model(machine: Machine, scenario: str, rendering: Path) -> None:
    """Give the hive on a machine the scenario's model."""
    unit = rendering / "host" / "units" / _MODEL
    script = _TESTS / "scenarios" / f"{scenario}.toml"
    machine.copy_from_host(str(unit), f"{_UNITS}/{_MODEL}")
    machine.copy_from_host(str(script), f"/nix/store/{script.name}")
    machine.succeed(
        f"ln -sfn ../{_MODEL} {_UNITS}/multi-user.target.wants/{_MODEL}; systemctl start {_MODEL}"
    )
    machine.wait_for_open_port(_MODEL_PORT)
