"""Checks of the machine that the doctor makes with and without a broker; each takes what it looks at."""

import contextlib
import os
import shutil
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hyperhive.domain.doctor import failed, ok
from hyperhive.protocol.doctor import Check

_CONNECT_SECONDS: Final = 2.0
_DISK_BYTES: Final = 512 * 1024 * 1024
#: No clock that is right shows an earlier time.
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_TOO_LATE: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def check_python() -> Check:
    """The interpreter is one that hyperhive runs on."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return ok("python", version)
    return failed("python", f"{version} is not supported", "PYTHON of make", "make PYTHON=python3.13")


def check_state_dir(path: Path, option: str) -> Check:
    """The state directory can be made and written."""
    base = existing(path)
    try:
        with tempfile.NamedTemporaryFile(dir=base):
            return ok("state directory", str(path))
    except OSError as error:
        found = f"{base} cannot be written: {error.strerror}"
        return failed("state directory", found, option, f"ls -ld {base}")


def check_disk(path: Path, option: str) -> Check:
    """There is room for the database and the agents' files."""
    base = existing(path)
    free = shutil.disk_usage(base).free
    found = f"{free // 1024 // 1024} MiB free at {base}"
    if free < _DISK_BYTES:
        return failed("disk", found, option, f"df -h {base}")
    return ok("disk", found)


def check_clock() -> Check:
    """The clock shows a time that can be true; sessions, deadlines and TLS depend on it."""
    now = time.time()
    shown = "an impossible time"
    with contextlib.suppress(OverflowError, ValueError, OSError):
        shown = datetime.fromtimestamp(now, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    if _EPOCH <= now < _TOO_LATE:
        return ok("clock", shown)
    return failed("clock", f"shows {shown}", "the machine's time service", "timedatectl set-ntp true")


def check_dashboard(directory: Path, option: str, command: str) -> Check:
    """The dashboard's own files and its browser modules are there."""
    missing = [name for name in ("index.html", "vendor") if not (directory / name).exists()]
    if not missing and not list((directory / "vendor").glob("*.js")):
        missing = ["vendor/*.js"]
    if missing:
        return failed("dashboard", f"{directory} lacks {', '.join(missing)}", option, command)
    return ok("dashboard", str(directory))


def existing(path: Path) -> Path:
    """The path, or the nearest directory above it that exists."""
    while not path.exists():
        path = path.parent
    return path


def try_new_socket(directory: Path) -> None:
    """Listen and connect below a directory; an `OSError` says what does not work."""
    with (
        tempfile.TemporaryDirectory(prefix="s", dir=directory) as own,
        socket.socket(socket.AF_UNIX) as listener,
        socket.socket(socket.AF_UNIX) as caller,
    ):
        # Through a descriptor the path is short, whatever the directory's is.
        descriptor = os.open(own, os.O_RDONLY | os.O_DIRECTORY)
        try:
            listener.bind(f"/proc/self/fd/{descriptor}/s")
            listener.listen()
            _connect(caller, f"/proc/self/fd/{descriptor}/s")
        finally:
            os.close(descriptor)


def try_socket(path: Path) -> None:
    """Connect to a socket that somebody listens on; an `OSError` says why that fails."""
    with socket.socket(socket.AF_UNIX) as caller:
        _connect(caller, str(path))


def _connect(caller: socket.socket, path: str) -> None:
    caller.settimeout(_CONNECT_SECONDS)
    caller.connect(path)
