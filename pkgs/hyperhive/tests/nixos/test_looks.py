"""The shell that scenarios keep in a container, with a systemd-run that starts it right here."""

import runpy
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.nixos.local_machine import LIB

if not LIB.is_dir():
    pytest.skip(f"no {LIB}", allow_module_level=True)

LOOKS: Final = runpy.run_path(str(LIB / "looks.py"))
#: Runs the command where it is, and writes down for whom.
SYSTEMD_RUN: Final = """#!/bin/bash
echo "$1" >> "$HOME/units"
exec "${@:6}"
"""


class Host:
    """A machine whose /run is a directory."""

    def __init__(self, home: Path) -> None:
        self._home = home
        (home / "bin").mkdir()
        program = home / "bin" / "systemd-run"
        program.write_text(SYSTEMD_RUN)
        program.chmod(0o755)
        self.run(LOOKS["ENTER"])

    def run(self, command: str) -> tuple[int, str, str]:
        """As drivers run commands: until its output is closed."""
        whole = f"set -euo pipefail; {command}".replace("/run/inside", f"{self._home}/inside")
        errors = self._home / "errors"
        with errors.open("w") as file:
            done = subprocess.run(
                ["bash", "-c", whole],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                env={"HOME": str(self._home), "PATH": f"{self._home}/bin:/usr/bin:/bin"},
                check=False,
                text=True,
                timeout=20,
            )
        return done.returncode, done.stdout, errors.read_text()

    def inside(self, command: str, agent: str = "alice") -> tuple[int, str, str]:
        return self.run(LOOKS["inside"](agent, command))

    @property
    def units(self) -> list[str]:
        """Of the shells that were started."""
        return (self._home / "units").read_text().split()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    started = Host(tmp_path)
    try:
        yield started
    finally:
        for agent in ("alice", "bob"):
            if (tmp_path / f"inside-h-{agent}.in").exists():
                # It ends the shell that would read it.
                started.inside("kill $$", agent)


def test_output_errors_and_exit_code_are_the_commands(host: Host) -> None:
    assert host.inside("echo out; echo wrong >&2; exit 7") == (7, "out\n", "wrong\n")
    assert host.inside("printf 'no end'") == (0, "no end", "")
    assert host.inside("true") == (0, "", "")
    assert host.inside("echo \"it's\"; printf '%s %%\\n' one 'two  three'") == (
        0,
        "it's\none %\ntwo  three %\n",
        "",
    )


def test_one_shell_serves_all_and_keeps_nothing_of_a_command(host: Host) -> None:
    first = host.inside("echo $PPID $$; cd /; set -f; x=1; exec > /dev/null")
    second = host.inside("echo $PPID $$; test -z ${x-}")
    assert (first[0], second[0]) == (0, 0)
    assert first[1] == second[1]
    assert host.inside("cat", "bob") == (0, "", "")
    assert host.units == ["--machine=h-alice", "--machine=h-bob"]


def test_much_output_comes_whole_on_both_sides(host: Host) -> None:
    lines = "".join(f"{number}\n" for number in range(1, 20_001))
    assert host.inside("seq 20000 | tee /dev/stderr") == (0, lines, lines)


def test_a_shell_that_ends_is_told_and_the_next_command_has_another_one(host: Host) -> None:
    assert host.inside("echo before; kill -KILL $$")[:2] == (255, "before\n")
    deadline = time.monotonic() + 10
    while host.inside("true")[0] != 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert host.inside("echo after") == (0, "after\n", "")
    assert set(host.units) == {"--machine=h-alice"}


def test_what_is_tried_says_what_came_of_it(host: Host) -> None:
    code, said, _ = host.run(LOOKS["tried"]("alice", "echo 'fine *'", "cat /no/such/file", "false"))
    assert (code, said.splitlines()) == (
        0,
        ["worked: fine *", "failed: cat: /no/such/file: No such file or directory", "failed:"],
    )
