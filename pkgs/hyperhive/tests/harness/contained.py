"""A program: looks at its walls from inside of namespaces that are made as an agent's container is.

Reads one JSON object from standard input (`config`, `asked`, `without`: walls to leave out), says `mapped?`
once it waits for its uid map, reads one line, and prints its observations. Everything is imported before the
walls go up, because the interpreter's files may be out of sight behind them.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 - asyncio would load it behind the walls
import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

from hyperhive.config import HarnessConfig
from hyperhive.diagnosis.isolation import INSIDE, Inside
from hyperhive.diagnosis.probe import observe
from hyperhive.protocol.agents import Me
from hyperhive.protocol.link import RunSelfTest

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18

LIBC = ctypes.CDLL(None, use_errno=True)


async def nobody() -> Me:
    raise NotImplementedError


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unshare(flags: int) -> None:
    check(LIBC.unshare(flags), "unshare")


def mount(source: str, target: Path, kind: str, flags: int = 0, data: str = "") -> None:
    words = [word.encode() for word in (source, str(target), kind)]
    check(LIBC.mount(*words, ctypes.c_ulong(flags), data.encode()), str(target))


def bind(source: str, target: Path, flags: int) -> None:
    target.mkdir(parents=True)
    mount(source, target, "", BIND)
    mount(source, target, "", BIND | REMOUNT | flags)


def furnish(given: dict[str, Any], without: str) -> None:
    """The mounts of a container: `/agents/NAME/…`, the socket's directory, /etc; nothing of the host's."""
    root = Path(given["root"])
    mount("", Path("/"), "", REC | PRIVATE)
    safe = 0 if without == "mounts" else NOSUID | NODEV
    inside = root / "inside"
    mount("tmpfs", inside, "tmpfs")
    for part in ("state", "claude"):
        bind(f"{root}/host/{part}", inside / "agents" / "ada" / part, safe)
    bind(f"{root}/host/socket", inside / "run", 0 if without == "socket directory" else RDONLY)
    if without == "other agents":
        (inside / "agents" / "bob").mkdir()
    if without != "broker's files":
        mount("tmpfs", root / "broker", "tmpfs")
    mount("tmpfs", Path("/etc"), "tmpfs")
    settings = Path("/etc/claude-code/managed-settings.json")
    settings.parent.mkdir()
    settings.write_text("{}")
    if without != "managed settings":
        mount("tmpfs", Path("/etc"), "tmpfs", REMOUNT | RDONLY)
    if without != "namespaces":
        mount("proc", Path("/proc"), "proc")


def main() -> None:
    given = json.loads(sys.stdin.readline())
    without = given["without"]
    config = HarnessConfig.model_validate(given["config"])
    asked = RunSelfTest.model_validate(given["asked"])
    probes = [probe for probe in INSIDE if probe.key not in {"claude", "broker"}]
    unshare(NEWUSER)
    say("mapped?")
    sys.stdin.readline()
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    unshare(NEWNS | NEWCGROUP | NEWUTS | NEWIPC)
    if without not in {"network", "dashboard"}:
        unshare(NEWNET)
    if without != "namespaces":
        unshare(NEWPID)
    child = os.fork()
    if child == 0:
        furnish(given, without)
        seen = asyncio.run(observe(probes, Inside(config, asked, nobody), 30))
        say(json.dumps([one.model_dump(mode="json") for one in seen]))
        os._exit(0)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
