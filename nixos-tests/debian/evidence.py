"""What the machine's journals know about a failure: excerpts for the report, and all of it for the logs."""

import shlex
from pathlib import Path
from typing import Final

from errors import CommandError, GuestError
from machine import Machine

#: Title, and what prints it; the first lines of what a reader looks at.
_HOST: Final = {
    "failed units": "systemctl list-units --failed --no-legend --plain --full",
    "hive": "hyperhive status",
    "journal of hyperhive.service": "journalctl --boot --no-pager --output=short-monotonic"
    " --no-hostname --unit=hyperhive.service",
    "journal of the containers' units": "journalctl --boot --no-pager --output=short-monotonic"
    " --no-hostname --unit='container@*.service'",
    "kernel": "journalctl --boot --no-pager --output=short-monotonic --no-hostname --dmesg --priority=4",
}
_WHOLE: Final = "journalctl --boot --no-pager --output=short-monotonic --no-hostname"
_INSIDE: Final = (
    "journalctl --machine={machine} --boot --no-pager --output=short-monotonic --no-hostname"
    " --unit=hyperhive-harness.service"
)
_CONTAINERS: Final = "machinectl list --no-legend --no-pager | cut --delimiter=' ' --fields=1"
_SECONDS: Final = 20.0


def collect(machine: Machine, directory: Path) -> dict[str, str]:
    """Excerpts by title, and the whole journals as files of the directory; what cannot be had says why."""
    try:
        containers = machine.succeed(_CONTAINERS, timeout=_SECONDS).split()
    except (CommandError, GuestError) as error:
        return {"journals": f"cannot be read: {error}"}
    commands = _HOST | {
        f"journal of {name}'s harness": _INSIDE.format(machine=shlex.quote(name)) for name in containers
    }
    excerpts = {title: _said(machine, command) for title, command in commands.items()}
    whole = {
        "journal": _WHOLE,
        **{name: f"{_WHOLE} --machine={shlex.quote(name)}" for name in containers},
    }
    for name, command in whole.items():
        (directory / f"{name}.log").write_text(_said(machine, command), encoding="utf-8")
    return {title: text for title, text in excerpts.items() if text.strip()}


def _said(machine: Machine, command: str) -> str:
    try:
        return machine.execute(f"{command} 2>&1", timeout=_SECONDS)[1]
    except GuestError as error:
        return f"cannot be read: {error}\n"
