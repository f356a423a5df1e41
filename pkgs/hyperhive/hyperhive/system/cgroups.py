"""Control groups: the kernel's files about one, and about those above it."""

from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")


def texts(group: str, files: tuple[str, ...], root: Path = ROOT) -> dict[str, list[str]]:
    """File -> what it says in the group and in each one above it; a group that has no such file says nothing.

    Args:
        group: As the kernel names it: absolute, `/` is the root.
        files: Names such as `memory.max`.
        root: Where the unified hierarchy is mounted.
    """
    start = root / group.lstrip("/")
    # A group outside of the own namespace is named with `..`, which leads nowhere here.
    chain = [] if ".." in start.parts else [start, *start.parents]
    found: dict[str, list[str]] = {file: [] for file in files}
    for directory in chain:
        if not directory.is_relative_to(root):
            break
        for file in files:
            path = directory / file
            if path.is_file():
                found[file].append(path.read_text(encoding="ascii").strip())
    return found
