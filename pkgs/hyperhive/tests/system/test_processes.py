import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hyperhive.errors import UnavailableError
from hyperhive.system.processes import Child, ChildEvent, ChildState, Patience, Program

QUICK = Patience(first=0.02, ceiling=0.08, healthy=30.0, grace=5.0)


class Record:
    """What the children of a test did, to be waited for."""

    def __init__(self) -> None:
        self.events: list[ChildEvent] = []
        self.lines: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def on_event(self, event: ChildEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def on_line(self, name: str, text: str) -> None:
        self.lines.append((name, text))
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def of(self, state: ChildState) -> list[ChildEvent]:
        return [event for event in self.events if event.state is state]


Make = Callable[..., Child]


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
async def make(record: Record, tmp_path: Path) -> AsyncIterator[Make]:
    children: list[Child] = []

    def build(script: str, patience: Patience = QUICK, **changes: object) -> Child:
        fields = {
            "name": "worker",
            "command": ["sh", "-c", script],
            "directory": tmp_path,
            "environment": {"PATH": os.environ["PATH"]},
        }
        program = Program(**(fields | changes))  # type: ignore[arg-type] # fields are mixed on purpose
        child = Child(program, patience, on_event=record.on_event, on_line=record.on_line)
        children.append(child)
        return child

    yield build
    for child in children:
        await child.stop()


async def test_every_line_of_output_arrives_under_the_name(make: Make, record: Record) -> None:
    await make("echo one; echo two >&2; printf three; exec sleep 60").start()
    await record.until(lambda: len(record.lines) >= 2)
    assert record.lines == [("worker", "one"), ("worker", "two")]


async def test_a_line_without_end_arrives_when_the_program_ended(make: Make, record: Record) -> None:
    await make("printf '\\377 three'", Patience(first=60)).start()
    await record.until(lambda: record.of(ChildState.RESTARTING) != [])
    assert record.lines == [("worker", "\ufffd three")]


async def test_an_endless_line_is_cut(make: Make, record: Record) -> None:
    await make("head -c 200000 /dev/zero | tr '\\0' x", Patience(first=60)).start()
    await record.until(lambda: record.of(ChildState.RESTARTING) != [])
    assert "".join(text for _, text in record.lines) == "x" * 200_000
    assert max(len(text) for _, text in record.lines) <= 2 * 64 * 1024


async def test_a_program_that_ends_is_restarted_with_growing_delays(make: Make, record: Record) -> None:
    await make("exit 3").start()
    await record.until(lambda: len(record.of(ChildState.RESTARTING)) >= 5)
    assert [event.delay for event in record.of(ChildState.RESTARTING)][:5] == [0.02, 0.04, 0.08, 0.08, 0.08]
    assert {event.code for event in record.of(ChildState.EXITED)} == {3}
    assert [event.state for event in record.events[:4]] == [
        ChildState.STARTED,
        ChildState.EXITED,
        ChildState.RESTARTING,
        ChildState.STARTED,
    ]


async def test_a_program_that_ran_well_starts_again_with_the_first_delay(make: Make, record: Record) -> None:
    await make("exit 0", Patience(first=0.01, ceiling=1, healthy=0.0)).start()
    await record.until(lambda: len(record.of(ChildState.RESTARTING)) >= 4)
    assert {event.delay for event in record.of(ChildState.RESTARTING)} == {0.01}


async def test_a_killed_program_is_started_anew(make: Make, record: Record) -> None:
    child = make("echo up; exec sleep 60")
    await child.start()
    await record.until(lambda: len(record.lines) == 1)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await record.until(lambda: len(record.lines) == 2)
    assert record.of(ChildState.EXITED)[0].code == 128 + signal.SIGKILL
    assert child.pid not in (None, first)


async def test_what_a_program_needs_is_prepared_before_every_start(make: Make, record: Record) -> None:
    prepared: list[int] = []
    await make("exit 0", prepare=lambda: prepared.append(1)).start()
    await record.until(lambda: len(record.of(ChildState.STARTED)) >= 3)
    assert len(prepared) >= 3


async def test_only_the_given_environment_and_directory_arrive(
    make: Make, record: Record, tmp_path: Path
) -> None:
    script = "import os; print(sorted(os.environ), os.getcwd(), flush=True); input()"
    await make("", command=[sys.executable, "-c", script], environment={"LC_ALL": "C.UTF-8"}).start()
    await record.until(lambda: record.lines != [])
    assert record.lines[0] == ("worker", f"['LC_ALL'] {tmp_path}")


async def test_stop_ends_the_program_and_no_restart_follows(make: Make, record: Record) -> None:
    child = make("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done")
    await child.start()
    await record.until(lambda: record.lines != [])
    await child.stop()
    assert record.lines == [("worker", "up"), ("worker", "bye")]
    assert [event.state for event in record.events] == [
        ChildState.STARTED,
        ChildState.EXITED,
        ChildState.STOPPED,
    ]
    assert child.pid is None


async def test_stop_during_a_back_off_returns_at_once(make: Make, record: Record) -> None:
    child = make("exit 1", Patience(first=60))
    await child.start()
    await record.until(lambda: record.of(ChildState.RESTARTING) != [])
    async with asyncio.timeout(2):
        await child.stop()
    assert [event.state for event in record.events][-1] is ChildState.STOPPED


async def test_a_program_that_ignores_the_request_is_killed_after_the_grace(
    make: Make, record: Record
) -> None:
    child = make("trap '' TERM; echo up; sleep 60 & wait; sleep 60", Patience(grace=0.2))
    await child.start()
    await record.until(lambda: record.lines != [])
    await child.stop()
    assert record.of(ChildState.EXITED)[0].code == 128 + signal.SIGKILL


async def test_a_directory_that_does_not_exist_is_said(make: Make, tmp_path: Path) -> None:
    child = make("exit 0", directory=tmp_path / "gone")
    with pytest.raises(UnavailableError, match=r"cannot start worker: .*No such file"):
        await child.start()
