"""Calls that stay open (streams, waits for mail) and end from outside: at logout, when the broker stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from hyperhive.errors import TooManyRequestsError, UnavailableError

#: Most calls that one login has open; a browser makes no more WebSockets to one host than this.
SESSION_LIMIT: Final = 256


class OpenCalls:
    def __init__(self) -> None:
        # Each with the operator session that it belongs to, if any.
        self._calls: dict[asyncio.Timeout, str | None] = {}
        self._stopping = False

    @asynccontextmanager
    async def hold(self, session: str | None = None) -> AsyncIterator[None]:
        """Run the body of the `async with` as an open call; ended from outside, its next wait raises.

        Raises:
            UnavailableError: It was ended.
            TooManyRequestsError: The session has `SESSION_LIMIT` of them open.
        """
        if self._stopping:
            raise UnavailableError("the broker is stopping")
        if session is not None and sum(owner == session for owner in self._calls.values()) >= SESSION_LIMIT:
            raise TooManyRequestsError(
                f"this login has {SESSION_LIMIT} streams and terminals open, no more are possible: close some"
            )
        # A time-out that never comes by itself is a cancellation that stays inside of the call.
        call = asyncio.timeout(None)
        try:
            async with call:
                self._calls[call] = session
                try:
                    yield
                finally:
                    del self._calls[call]
        except TimeoutError as error:
            if not call.expired():
                raise
            raise UnavailableError("the call was ended: logged out, or the broker is stopping") from error

    def end_session(self, session: str) -> None:
        self._end([call for call, owner in self._calls.items() if owner == session])

    def end_all(self) -> None:
        """End every call, and every later one at its start."""
        self._stopping = True
        self._end(list(self._calls))

    def _end(self, calls: list[asyncio.Timeout]) -> None:
        now = asyncio.get_running_loop().time()
        for call in calls:
            if not call.expired():
                call.reschedule(now)
