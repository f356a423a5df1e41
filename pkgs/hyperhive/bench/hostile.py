"""What one agent's flood costs the others: their wake beside the quiet one, the disk, the broker's memory."""

import asyncio
import json
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.floods import FLOODS, LINK_FRAME, SINK, message
from bench.hive import BenchHive, bench_hive
from bench.latency import hive_milliseconds
from bench.peers import HttpPeer
from bench.programs import end
from bench.report import Section, Spread, percentile, ratio, rounded
from hyperhive.errors import UnavailableError

ATTACKER: Final = "attacker"
SENDER: Final = "sender"
RECEIVER: Final = "receiver"

_MAIL: Final = 4
#: Between two wakes, in seconds: the pair is an honest one.
_PAUSE: Final = 0.03
#: Wakes before a quiet time, so that what a flood left behind is not in it, in seconds.
_SETTLE: Final = 0.7
#: Wakes of a phase at least, however long they take, and the time after which a wake has failed.
_ENOUGH: Final = 3
_WAKE_SECONDS: Final = 20.0
_END_SECONDS: Final = 30.0
_USE_UP_SECONDS: Final = 20
_NEXT_TO_NOTHING: Final = 64 * 1024
_MIB: Final = 1024 * 1024
_HOUR: Final = 3600.0


async def measure(directory: Path, *, quick: bool) -> Section:
    """Let each flood go on in a hive of its own, in turns with quiet times."""
    found: Section = {}
    for name in ("large_sends", "link_frames") if quick else FLOODS:
        found[name] = (await _flooded(directory / name, name, quick=quick)).section()
    return found | {
        "wake": "POST /v1/messages called, to the answer of the receiver's waiting POST /v1/inbox/lease",
        "calls_per_second": "answered, those with 200, those with 429; link_frames: frames sent",
        "database_mib_per_hour": "pages in use: what the flood brought until its budget was used up,"
        " and the rate of the phase after that for the rest of the hour",
        "files_mib": "by which database and WAL grew",
        "broker_mib": "largest RSS of the broker since its start",
    }


@dataclass
class Measured:
    """One flood: milliseconds of wakes, and what came of every phase of the flood.

    Attributes:
        grown: Bytes that each phase of the flood brought, without what the wakes themselves did, and what was
            used up between them.
        peak: Largest RSS of the broker, in bytes.
    """

    quiet: list[float] = field(default_factory=list)
    flood: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    grown: list[float] = field(default_factory=list)
    files: int = 0
    peak: int = 0

    def section(self) -> Section:
        """The flood's part of the document."""
        quiet, flood = Spread(self.quiet), Spread(self.flood)
        seconds = sum(self.seconds)
        hour = sum(self.grown) + self.grown[-1] / self.seconds[-1] * max(0.0, _HOUR - seconds)
        return {
            "quiet_ms": quiet.summary(),
            "flood_ms": flood.summary(),
            "ratio_p50": ratio(flood.median, quiet.median),
            "ratio_p99": ratio(percentile(self.flood, 99), percentile(self.quiet, 99)),
            "calls_per_second": {
                "offered": rounded(self.answers.total() / seconds),
                "accepted": rounded((self.answers[200] + self.answers[LINK_FRAME]) / seconds),
                "limited": rounded(self.answers[429] / seconds),
            },
            "database_mib_per_hour": rounded(max(0.0, hour) / _MIB),
            "files_mib": rounded(self.files / _MIB),
            "broker_mib": rounded(self.peak / _MIB),
        }


async def _flooded(directory: Path, name: str, *, quick: bool) -> Measured:
    phases, quiet, flood = (1, 0.2, 0.5) if quick else (2, 2.0, 4.0)
    found = Measured()
    await asyncio.to_thread(directory.mkdir)
    async with AsyncExitStack() as stack:
        hive = await stack.enter_async_context(
            bench_hive(directory / "hive", [ATTACKER, SINK, SENDER, RECEIVER], limited=True)
        )
        operator = await stack.enter_async_context(hive.operator())
        for _ in range(_MAIL):
            await operator.exchange(message(ATTACKER, route="/api/messages"))
        pair = _Pair(
            await stack.enter_async_context(hive.agent(SENDER)),
            await stack.enter_async_context(hive.agent(RECEIVER)),
        )
        database = hive.processes.paths.state_dir / "db" / "broker.sqlite"
        attacker = await stack.enter_async_context(_attacker(hive, name))
        for phase in range(phases):
            if phase:
                found.grown.append(await _used_up(attacker, database))
            await pair.wakes(_SETTLE)
            before, files = await asyncio.to_thread(_used, database)
            samples = await pair.wakes(quiet)
            found.quiet += samples
            after, _ = await asyncio.to_thread(_used, database)
            each = (after - before) / len(samples)
            began = time.monotonic()
            flooding = asyncio.ensure_future(attacker.flood(flood))
            samples = await pair.wakes(flood)
            found.flood += samples
            found.answers += await flooding
            found.seconds.append(time.monotonic() - began)
            grown, total = await asyncio.to_thread(_used, database)
            found.grown.append(max(0.0, grown - after - each * len(samples)))
            found.files += total - files
        found.peak = await asyncio.to_thread(_peak, hive.pid())
    return found


async def _used_up(attacker: "_Attacker", database: Path) -> float:
    """Flood until it brings next to nothing more, so that a burst is not taken for what can go on."""
    began, _ = await asyncio.to_thread(_used, database)
    before = began
    for _ in range(_USE_UP_SECONDS):
        await attacker.flood(1.0)
        now, _ = await asyncio.to_thread(_used, database)
        if now - before < _NEXT_TO_NOTHING:
            return now - began
        before = now
    return before - began


class _Pair:
    """Two honest agents, one of which wakes the other."""

    def __init__(self, sender: HttpPeer, receiver: HttpPeer) -> None:
        self._sender = sender
        self._receiver = receiver
        self._turn = 0

    async def wakes(self, seconds: float) -> list[float]:
        """Milliseconds of the wakes of so many seconds."""
        began, found = time.monotonic(), list[float]()
        while time.monotonic() - began < seconds or len(found) < _ENOUGH:
            self._turn += 1
            try:
                async with asyncio.timeout(_WAKE_SECONDS):
                    found.append(await hive_milliseconds(self._sender, self._receiver, f"t{self._turn}"))
            except TimeoutError:
                raise UnavailableError(f"a wake took longer than {_WAKE_SECONDS:g} s") from None
            await asyncio.sleep(_PAUSE)
        return found


class _Attacker:
    """A process that floods when it is told to."""

    def __init__(self, said: asyncio.StreamReader, told: asyncio.StreamWriter) -> None:
        self._said = said
        self._told = told

    async def flood(self, seconds: float) -> Counter[int]:
        """Flood for so long; the answers by their status."""
        self._told.write(f"{seconds}\n".encode())
        return Counter({int(status): calls for status, calls in json.loads(await self.line()).items()})

    async def line(self) -> str:
        """What it says next.

        Raises:
            UnavailableError: It has ended, or says nothing.
        """
        try:
            line = await asyncio.wait_for(self._said.readline(), _END_SECONDS)
        except TimeoutError:
            line = b""
        if not line:
            raise UnavailableError("the flood has ended by itself, or does not end")
        return line.decode()


@asynccontextmanager
async def _attacker(hive: BenchHive, name: str) -> AsyncIterator[_Attacker]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.floods", name),
        *(str(hive.processes.paths.socket(ATTACKER)), str(hive.processes.admin_socket)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdout is None or process.stdin is None:
            raise UnavailableError("the flood has no pipes")
        attacker = _Attacker(process.stdout, process.stdin)
        await attacker.line()
        yield attacker
    finally:
        await end(process)


def _used(database: Path) -> tuple[int, int]:
    """Bytes of the pages in use, and of database and WAL on the disk."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        numbers = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        }
    files = sum(
        path.stat().st_size
        for path in (database, database.with_name(f"{database.name}-wal"))
        if path.exists()
    )
    return (numbers["page_count"] - numbers["freelist_count"]) * numbers["page_size"], files


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise UnavailableError(f"process {pid} cannot be weighed")
