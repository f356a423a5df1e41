"""The directory of what is expensive to make: entries named after a hash of everything that went in."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: Of one kind, so many are kept: a branch and another beside it.
_KEPT: Final = 2
#: Seconds for which an entry may still be in use after it was asked for.
_IN_USE_SECONDS: Final = 3600.0


class Key:
    """What an entry is made of; the same parts in the same order give the same name."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def text(self, *parts: str) -> "Key":
        """Add words."""
        for part in parts:
            self._add(part.encode())
        return self

    def files(self, *paths: Path) -> "Key":
        """Add files, and directories with all in them: names, contents, link targets, and who may execute."""
        for path in paths:
            self._tree(path, path.name)
        return self

    def name(self) -> str:
        """Short enough for a file name."""
        return self._hash.hexdigest()[:20]

    def _tree(self, path: Path, name: str) -> None:
        if path.is_symlink():
            self.text("link", name, str(path.readlink()))
        elif path.is_dir():
            self.text("directory", name)
            for child in sorted(path.iterdir()):
                if child.name != "__pycache__":
                    self._tree(child, f"{name}/{child.name}")
        else:
            self.text("program" if path.stat().st_mode & 0o100 else "file", name)
            self._add(path.read_bytes())

    def _add(self, data: bytes) -> None:
        self._hash.update(b"%d:" % len(data))
        self._hash.update(data)


class Cache:
    """Entries are directories that appear whole or not at all.

    Args:
        directory: Made when it is not there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def of_this_user(cls) -> "Cache":
        """`$HYPERHIVE_VM_CACHE`, or hyperhive/vm in the user's cache directory."""
        given = os.environ.get("HYPERHIVE_VM_CACHE")
        if given:
            return cls(Path(given).absolute())
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return cls(Path(home) / "hyperhive" / "vm")

    def entry(self, kind: str, key: Key, make: Callable[[Path], None]) -> Path:
        """The entry of this kind and key; `make` fills an empty directory when there is none yet.

        Whoever comes second waits for the first. Entries of the kind that were not used for long go.
        """
        entry = self.directory / f"{kind}-{key.name()}"
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._locked(kind):
            if not entry.is_dir():
                with self.scratch(f"making-{kind}-") as directory:
                    made = directory / "made"
                    made.mkdir()
                    make(made)
                    made.rename(entry)
            os.utime(entry)
            self._make_room(kind)
        return entry

    @contextmanager
    def scratch(self, prefix: str = "run-") -> Iterator[Path]:
        """An empty directory on the cache's file system, gone afterwards."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=self.directory) as directory:
            yield Path(directory)

    @contextmanager
    def _locked(self, kind: str) -> Iterator[None]:
        with (self.directory / f".{kind}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_room(self, kind: str) -> None:
        entries = sorted(self.directory.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime)
        for old in entries[:-_KEPT]:
            if old.stat().st_mtime < time.time() - _IN_USE_SECONDS:
                shutil.rmtree(old)
