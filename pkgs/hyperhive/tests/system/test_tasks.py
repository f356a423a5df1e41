"""Background tasks: named, referenced, logged."""

import asyncio
import logging

import pytest

from hyperhive.errors import ConflictError
from hyperhive.system.tasks import Tasks


async def test_a_failure_in_the_background_is_logged_under_the_tasks_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    tasks = Tasks()
    tasks.start(fail(), "the sweep")
    await tasks.finish(1)
    [record] = caplog.records
    assert (record.getMessage(), record.levelno) == ("the sweep failed", logging.ERROR)
    assert record.exc_info is not None


async def test_a_refusal_in_the_background_is_one_line_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refuse() -> None:
        raise ConflictError("it is taken")

    caplog.set_level(logging.INFO)
    tasks = Tasks()
    tasks.start(refuse(), "join alice")
    await tasks.finish(1)
    [record] = caplog.records
    assert (record.getMessage(), record.exc_info) == ("join alice: it is taken", None)


async def test_what_must_complete_goes_on_when_its_caller_is_cancelled() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    done = []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("committed")

    tasks = Tasks()
    caller = asyncio.ensure_future(tasks.complete(work(), "send"))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    may_end.set()
    await tasks.finish(1)
    assert done == ["committed"]


async def test_a_failure_of_what_must_complete_goes_to_the_caller_and_not_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Tasks().complete(fail(), "send")
    assert caplog.records == []


async def test_finish_cancels_what_does_not_end_in_time() -> None:
    tasks = Tasks()
    task = tasks.start(asyncio.Event().wait(), "stuck")
    await tasks.finish(0.01)
    assert task.cancelled()
