"""Where this machine gets Debian packages from, as its own apt says."""

import os
import subprocess
from typing import Final

_MAIN: Final = "|main"
#: What a mirror calls the archive, whatever stands before it.
_ARCHIVE: Final = "/debian"


def debian_mirror() -> list[str]:
    """The address of a mirror, or nothing: then mmdebstrap takes its own default.

    `$HYPERHIVE_DEBIAN_MIRROR` goes before what apt uses.
    """
    given = os.environ.get("HYPERHIVE_DEBIAN_MIRROR")
    if given:
        return [given]
    return mirrors_in(_ask("apt-get", "indextargets", "--format", "$(SITE)|$(COMPONENT)"))[:1]


def mirrors_in(targets: str) -> list[str]:
    """Debian archives among apt's `SITE|COMPONENT` lines, in their order."""
    sites = (line.removesuffix(_MAIN).rstrip("/") for line in targets.splitlines() if line.endswith(_MAIN))
    return list(dict.fromkeys(site for site in sites if site.endswith(_ARCHIVE)))


def apt_options() -> list[str]:
    """How apt reaches the network from here: its settings of a proxy."""
    wanted = ("Acquire::http::Proxy", "Acquire::https::Proxy")
    return [line for line in _ask("apt-config", "dump", *wanted).splitlines() if not line.endswith('"";')]


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - two fixed ones
    except (FileNotFoundError, subprocess.CalledProcessError):
        # Not a Debian.
        return ""
    return done.stdout
