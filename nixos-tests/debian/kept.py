"""Keeps the disk of a machine, with the states that were saved in it, from one run to the next."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: A state takes about half a gigabyte.
_MOST_STATES: Final = 12


@contextmanager
def kept(overlay: Path, keep: Path) -> Iterator[None]:
    """While the body runs, the kept disk is at `overlay`, where the body may find nothing and leave one.

    Only one run has it at a time: another one begins with nothing, and the one that ends last is kept.

    Args:
        overlay: Where the body has it.
        keep: Kind, version and number, with `-` between them; those of other versions go.
    """
    try:
        keep.rename(overlay)
    except FileNotFoundError:
        version = keep.name.rpartition("-")[0]
        for old in keep.parent.glob(f"{version.partition('-')[0]}-*"):
            if not old.name.startswith(f"{version}-"):
                old.unlink(missing_ok=True)
    try:
        yield
    finally:
        if overlay.exists() and _whole(overlay):
            overlay.rename(keep)


def states(overlay: Path) -> set[str]:
    """Names of the states in a disk; a disk with too many is removed."""
    if not overlay.exists():
        return set()
    listed = _qemu_img("snapshot", "-l", str(overlay))
    listed.check_returncode()
    names = {line.split()[1] for line in listed.stdout.splitlines()[2:]}
    if len(names) > _MOST_STATES:
        overlay.unlink()
        return set()
    return names


def _whole(overlay: Path) -> bool:
    """Whether nobody was writing to the disk when its machine ended."""
    return _qemu_img("check", "-q", str(overlay)).returncode == 0


def _qemu_img(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["qemu-img", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own
