"""Mounts: what the kernel's `mountinfo` says about the place of a path."""

import re
from typing import NamedTuple

_ESCAPED = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """Where something is mounted, and with which options of that mount."""

    point: str
    options: frozenset[str]


def mount_of(mountinfo: str, path: str) -> Mount | None:
    """The mount that the absolute, normal `path` lies on; None when the text does not say.

    Args:
        mountinfo: Text of `/proc/PID/mountinfo`.
        path: Has no links and no `..`.
    """
    found: Mount | None = None
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) < 6:
            continue
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Of two at one place the later one covers the earlier.
        if inside and (found is None or len(point) >= len(found.point)):
            found = Mount(point, frozenset(fields[5].split(",")))
    return found
