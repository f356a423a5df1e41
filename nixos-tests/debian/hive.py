"""Puts a scenario's hive onto a machine: what the NixOS module rendered for it, and its scripted model.

Scenarios whose machines differ in nothing but what the model says have the same hive: one that was set up
once can be taken again.
"""

import runpy
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import rendering
from cache import Key
from machine import Machine

_HERE: Final = Path(__file__).resolve().parent
_TESTS: Final = _HERE.parent
_INSTALLER: Final = _HERE / "guest"
_TARGET: Final = "/run/scenario"
#: Matches its command line, and none in which this pattern stands.
_MODEL: Final = "[/]hyperhive scripted-model "
_MODEL_PORT: Final = 4000
#: What the model says: all in which machines with the same hive differ.
_SCRIPT: Final = "scripted-model.toml"
#: Writes the hive's state, as scenarios ask for it.
_SNAPSHOT: Final[str] = runpy.run_path(str(_TESTS / "lib" / "looks.py"))["SNAPSHOT"]
#: Ends when the agents use less than a twentieth of a processor, or after a minute: Claude Code has things to
#: do when it has said that it is ready, and would do them again each time that a kept state is taken.
_REST: Final = (
    "used() { sed --quiet 's/usage_usec //p' /sys/fs/cgroup/machine.slice/cpu.stat; }; before=$(used);"
    " for look in {1..30}; do sleep 2; now=$(used); (( now - before >= 100000 )) || break; before=$now; done"
)
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


def settle(machine: Machine) -> None:
    """Wait until a machine that was just switched on has nothing left to do, and is ready for a hive."""
    machine.wait_until_succeeds("systemctl is-system-running | grep --extended-regexp 'running|degraded'")
    machine.succeed(*_WARM_UP)


class Hive:
    """A rendered machine, whatever its model says.

    Args:
        files: As `nixos-tests/eval/expected` has them, path -> text.
        script: What its model says.
        links: Whether its agents link up with the broker.
    """

    def __init__(self, files: Mapping[str, str], script: Path, *, links: bool = True) -> None:
        self._files = files
        self._script = script
        self._links = links
        self._agents = sorted({path.split("/")[1] for path in files if path.startswith("containers/")})

    def key(self) -> str:
        """The same for the same hive, put there in the same way."""
        return (
            Key()
            .files(_INSTALLER, Path(__file__), Path(rendering.__file__))
            .text(rendering.dump(self._files))
            .name()
        )

    def install(self, machine: Machine) -> None:
        """Install the hive and wait until all its agents are idle, where they can be, and its model answers.

        Raises:
            CommandError: It does not come up.
        """
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory) / "scenario"
            rendering.unpack(self._files, source / "machine")
            shutil.copyfile(self._script, source / "machine" / "host" / "etc" / _SCRIPT)
            shutil.copytree(_TESTS / "lib", source / "lib")
            shutil.copytree(_INSTALLER, source / "guest", ignore=shutil.ignore_patterns("__pycache__"))
            machine.copy_from_host(str(source), _TARGET)
        machine.succeed(f"python3 -B {_TARGET}/guest/install.py {_TARGET}")
        machine.wait_for_unit("hyperhive.service")
        for container in self._agents:
            machine.wait_for_unit(f"container@{container}.service")
        if self._links:
            # `hyperhive status` is a Python program, and asking again and again would hold up the agents.
            idle = f"[.agents[].status.state] == {['idle'] * len(self._agents)}".replace("'", '"')
            machine.wait_until_succeeds(f"{_SNAPSHOT} | jq --exit-status '{idle}'")
            machine.succeed(_REST)
        machine.wait_for_open_port(_MODEL_PORT)

    def play(self, machine: Machine) -> None:
        """Have the model on a machine say what this hive's says."""
        machine.write(self._script.read_bytes(), f"/run/{_SCRIPT}")
        # As `systemctl reload` would have it done, in a tenth of the time.
        machine.succeed(f"mv --force /run/{_SCRIPT} /etc && pkill --signal HUP --full '{_MODEL}'")
