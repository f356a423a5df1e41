"""What waits of an agent's answers until it reads them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from hyperhive.api.errors import problem
from hyperhive.api.json_io import SMALL_BYTES
from hyperhive.errors import TooManyRequestsError

#: Most bytes of answers above `SMALL_BYTES` that wait for one agent, on all of its connections.
UNREAD_BYTES: Final = 8 * 1024 * 1024
#: Answers with texts from the store that are made for one agent at a time.
_AT_A_TIME: Final = 4
#: An agent that takes nothing for so long is cut off.
_READ_SECONDS: Final = 30.0


class Answers:
    """Those of one agent."""

    def __init__(self) -> None:
        self._unread = 0
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Make an answer with texts inside; a `TooManyRequestsError` when too much waits already."""
        async with self._turns:
            if self._unread >= UNREAD_BYTES:
                raise self._refusal()
            yield

    def bounded(self) -> Middleware:
        """Count what waits, and refuse what is too much beside it; to be the outermost of all."""

        @web.middleware
        async def run(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            body = response.body if isinstance(response, web.Response) else None
            size = len(body) if isinstance(body, bytes) else 0
            if size <= SMALL_BYTES:
                return response
            if self._unread >= UNREAD_BYTES:
                return problem(self._refusal())
            self._unread += size
            try:
                await _sent(request, response)
            finally:
                self._unread -= size
            return response

        return run

    def _refusal(self) -> TooManyRequestsError:
        return TooManyRequestsError(f"{self._unread} bytes of answers wait to be read: read them first")


async def _sent(request: web.Request, response: web.StreamResponse) -> None:
    try:
        async with asyncio.timeout(_READ_SECONDS):
            await response.prepare(request)
            await response.write_eof()
    except TimeoutError as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the agent does not read its answer") from error
