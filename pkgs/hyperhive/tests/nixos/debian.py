"""The programs of nixos-tests/debian, which are no package, for tests; and a computer that is a bash."""

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Final, Self

from hyperhive.system import subreaper
from tests.nixos import nix

DIRECTORY: Final = nix.ROOT / "nixos-tests" / "debian"


def load(name: str) -> ModuleType:
    """One of the modules, imported as its program does."""
    sys.path.insert(0, str(DIRECTORY))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(DIRECTORY))


class LocalComputer:
    """A computer that is a bash of this user: on while it runs, with `home` as its disk.

    Args:
        home: Its home directory; programs in `home/bin` come first.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._bash: subprocess.Popen[bytes] | None = None
        self.console = home / "console.log"
        self.starts = 0
        (home / "bin").mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        self.shell, theirs = socket.socketpair()
        self.starts += 1
        with theirs:
            self._bash = subprocess.Popen(
                ["bash", "--norc", "--noprofile"],
                stdin=theirs,
                stdout=theirs,
                stderr=subprocess.DEVNULL,
                cwd=self._home,
                env={"HOME": str(self._home), "PATH": f"{self._home / 'bin'}:/usr/bin:/bin"},
                start_new_session=True,
            )

    def wait(self, seconds: float) -> bool:
        assert self._bash is not None
        try:
            self._bash.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.stop()
        return True

    def stop(self) -> None:
        if self._bash is not None:
            # A command that was not waited for may still run.
            for pid in [*subreaper.descendants(self._bash.pid), self._bash.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._bash.wait()
            self._bash = None
            self.shell.close()

    def program(self, name: str, text: str) -> None:
        """Put a program of this name into its PATH."""
        path = self._home / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
