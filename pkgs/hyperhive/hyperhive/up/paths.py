"""The state directory of `hyperhive up`: its layout, its lock, and where its sockets fit."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hyperhive.config.hive_file import Paths
from hyperhive.errors import ConflictError, UnavailableError

#: Longest path of a Unix socket in bytes; the kernel's 108 hold a zero byte, too.
SOCKET_PATH_LIMIT: Final = 107
_LONGEST_NAME: Final = "x" * 31
_PRIVATE: Final = 0o700


def choose_paths(state_dir: Path, dashboard_dir: Path) -> Paths:
    """Where everything of a hive in `state_dir` lies; makes nothing.

    Sockets go to `run` below it. Where their paths would be too long there, they go to a directory of the
    user's own below `$XDG_RUNTIME_DIR` or `/tmp`, and `run` becomes a link to it.
    """
    state_dir = state_dir.resolve()
    paths = Paths(state_dir, state_dir / "run", dashboard_dir)
    for runtime_dir in _short_directories(state_dir):
        if len(os.fsencode(paths.socket(_LONGEST_NAME))) <= SOCKET_PATH_LIMIT:
            break
        paths = Paths(state_dir, runtime_dir, dashboard_dir)
    return paths


def is_short(paths: Paths) -> bool:
    """Whether the sockets are elsewhere because their paths would be too long below the state directory."""
    return paths.runtime_dir.parent != paths.state_dir


def _short_directories(state_dir: Path) -> Iterator[Path]:
    digest = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:12]
    name = f"hyperhive-{os.getuid()}-{digest}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and Path(runtime).is_dir():
        yield Path(runtime) / name
    yield Path("/tmp") / name  # noqa: S108 - the name is fixed, so `make_private` checks whose directory it is


def make_private(path: Path) -> None:
    """Make the directory (its parents too) with mode 0700, or take one that is this user's alone."""
    try:
        path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise ConflictError(f"{path}: is not a directory of this user's own")
        path.chmod(_PRIVATE)
    except FileExistsError:
        raise ConflictError(f"{path}: is in the way and no directory") from None
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be made: {error.strerror}") from error


def make_runtime_dir(paths: Paths) -> None:
    """Make the runtime directory, and the link to it when it lies elsewhere."""
    link = paths.state_dir / "run"
    if link.is_symlink():
        link.unlink()
    if is_short(paths):
        shutil.rmtree(link, ignore_errors=True)
        make_private(paths.runtime_dir)
        link.symlink_to(paths.runtime_dir)
    else:
        make_private(paths.runtime_dir)


def remove_runtime_dir(paths: Paths) -> None:
    if is_short(paths):
        shutil.rmtree(paths.runtime_dir, ignore_errors=True)
        with contextlib.suppress(OSError):
            (paths.state_dir / "run").unlink()


@contextlib.contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Hold the state directory, which is made if need be; it is free again when this process is gone.

    A `ConflictError` has the pid of the process that holds it.
    """
    make_private(state_dir)
    path = state_dir / "up.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be opened: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise ConflictError(
                f"{state_dir}: a hive runs here already (pid {holder}); end it, or give another --state-dir"
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Replace the file `path` by one with this text that only this user can read."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
