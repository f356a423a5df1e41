"""The machine that was measured: what a number needs beside it to mean anything."""

import asyncio
import os
import platform
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Final

from bench import redis
from bench.programs import output
from bench.report import Section, Spread
from hyperhive import __version__
from hyperhive.errors import UnavailableError
from hyperhive.system.installation import bundled_claude

_BLOCK: Final = b"x" * 4096


async def facts(directory: Path, *, quick: bool) -> Section:
    """Versions, hardware, load, and how long the disk of `directory` takes to keep 4 KiB."""
    fsync = await asyncio.to_thread(_fsync_milliseconds, directory, 10 if quick else 100)
    return {
        "hyperhive": __version__,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cpu": _cpu_name(),
        "cpu_count": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "load_average": [round(one, 2) for one in os.getloadavg()],
        "filesystem": _filesystem(directory),
        "fsync_4k_ms": fsync.summary(),
        "sqlite": sqlite3.sqlite_version,
        "claude": await _claude_version(),
        "redis": await _redis_version(),
    }


def claude_program() -> str:
    """Path of the Claude Code CLI that the harness starts.

    Raises:
        UnavailableError: There is none.
    """
    program = bundled_claude()
    if program is None:
        raise UnavailableError("there is no claude program: run `make`")
    return str(program)


async def _claude_version() -> str:
    with tempfile.TemporaryDirectory(prefix="hyperhive-bench-") as home:
        environment = {"HOME": home, "PATH": os.environ.get("PATH", os.defpath)}
        return await output([claude_program(), "--version"], environment)


async def _redis_version() -> str:
    program = redis.installed()
    if program is None:
        return redis.SKIPPED
    words = (await output([program, "--version"], dict(os.environ))).split()
    return next((word.removeprefix("v=") for word in words if word.startswith("v=")), "unknown")


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _filesystem(directory: Path) -> str:
    """Type of the file system of `directory`, such as `ext4`."""
    place = str(directory.resolve())
    best, kind = "", "unknown"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields, _, rest = line.partition(" - ")
        mount = fields.split()[4]
        if len(mount) >= len(best) and f"{place}/".startswith(mount.rstrip("/") + "/"):
            best, kind = mount, rest.split()[0]
    return kind


def _fsync_milliseconds(directory: Path, count: int) -> Spread:
    samples = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(_BLOCK)
            os.fsync(file.fileno())
            samples.append((time.perf_counter() - began) * 1000)
    return Spread(samples)
