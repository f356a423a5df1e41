"""Runs the programs that build something: silent when they do well, telling when they do not."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

_SHOWN_LINES: Final = 30


class BuildError(Exception):
    """A program that builds something failed; the message has the end of its output."""


class Steps:
    """Says what is done and how long it took.

    Args:
        say: Gets one line each.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def run(self, what: str, command: Sequence[str], *, cwd: Path | None = None) -> None:
        """Run a program.

        Raises:
            BuildError: It is not there, or failed.
        """
        begun = time.monotonic()
        try:
            done = subprocess.run(  # noqa: S603 - commands are written in this directory
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                umask=0o022,
            )
        except FileNotFoundError as error:
            raise BuildError(f"{what}: there is no {command[0]}") from error
        if done.returncode != 0:
            lines = done.stdout.decode(errors="replace").splitlines()[-_SHOWN_LINES:]
            raise BuildError("\n".join([f"{what}: {command[0]} ended with {done.returncode}", *lines]))
        self._say(f"  {what}: {time.monotonic() - begun:.1f} s")
