"""Renderings with one wall taken down, and the subtest that must notice: tests of the isolation scenarios."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

_CONTAINERS: Final = "host/etc/nixos-containers/h-*.conf"
_BROKER: Final = "host/units/hyperhive.service"


@dataclass(frozen=True)
class Weakening:
    """One wall less, and who notices.

    Attributes:
        scenario: Which one notices.
        caught: Its subtest that then fails.
        apply: Changes the files of the scenario's hive, path -> text.
        links: Whether the broker still takes the agents for who they are.
    """

    scenario: str
    caught: str
    apply: Callable[[dict[str, str]], None]
    links: bool = True


class UnchangedError(Exception):
    """A weakening no longer finds what it takes away."""


def plain_root(files: dict[str, str]) -> None:
    """Root of a container is root of the host."""
    _edit(files, _CONTAINERS, r"^PRIVATE_USERS=\d+$", "PRIVATE_USERS=no")
    _edit(files, _CONTAINERS, r" --private-users-ownership=\w+", "")


def host_network(files: dict[str, str]) -> None:
    """Containers are in the host's network."""
    _edit(files, _CONTAINERS, r"^(PRIVATE_NETWORK|HOST_ADDRESS|LOCAL_ADDRESS)=.*\n", "")


def readable_database(files: dict[str, str]) -> None:
    """Everybody on the host may read what the broker keeps."""
    readable = "ExecStartPost=+/nix/store/coreutils/bin/chmod --recursive a+rX /var/lib/hyperhive/broker"
    _edit(files, _BROKER, r"^ExecStart=.*$", rf"\g<0>\n{readable}")


#: By the name that the runner has for them.
WEAKENINGS: Final = {
    "plain_root": Weakening(
        "isolation",
        "every process of a container runs with uids of its agent's range",
        plain_root,
        links=False,
    ),
    "host_network": Weakening("isolation_network", "it has a network of its own", host_network),
    "readable_database": Weakening("isolation", "it cannot read the broker's database", readable_database),
}


def _edit(files: dict[str, str], paths: str, pattern: str, replacement: str) -> None:
    found = [path for path in files if fnmatchcase(path, paths)]
    for path in found:
        files[path], count = re.subn(pattern, replacement, files[path], flags=re.MULTILINE)
        if count == 0:
            raise UnchangedError(f"{path}: nothing there matches {pattern!r}")
    if not found:
        raise UnchangedError(f"no file {paths}")
