"""Open calls end from outside, and nothing else of them is touched."""

import asyncio

import pytest

from hyperhive.api.cancellation import OpenCalls
from hyperhive.errors import UnavailableError


async def _hold(calls: OpenCalls, session: str | None, begun: asyncio.Event) -> None:
    async with calls.hold(session):
        begun.set()
        await asyncio.Event().wait()


async def test_logging_out_ends_the_calls_of_that_session_only() -> None:
    calls = OpenCalls()
    begun = [asyncio.Event(), asyncio.Event(), asyncio.Event()]
    first, second, nobodys = (
        asyncio.ensure_future(_hold(calls, session, event))
        for session, event in zip(("a", "b", None), begun, strict=True)
    )
    await asyncio.gather(*(event.wait() for event in begun))
    calls.end_session("a")
    with pytest.raises(UnavailableError):
        await asyncio.wait_for(first, 1)
    assert (second.done(), nobodys.done()) == (False, False)
    calls.end_all()
    for call in (second, nobodys):
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(call, 1)


async def test_no_call_begins_when_the_broker_stops() -> None:
    calls = OpenCalls()
    calls.end_all()
    with pytest.raises(UnavailableError, match="the broker is stopping"):
        await _hold(calls, None, asyncio.Event())


async def test_a_client_that_goes_cancels_its_call_as_usual() -> None:
    calls = OpenCalls()
    begun = asyncio.Event()
    call = asyncio.ensure_future(_hold(calls, "a", begun))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    calls.end_all()


async def test_a_time_out_of_the_body_itself_stays_a_time_out() -> None:
    with pytest.raises(TimeoutError):
        async with OpenCalls().hold():
            raise TimeoutError
