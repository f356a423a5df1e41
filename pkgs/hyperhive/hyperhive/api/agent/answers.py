"""What waits of an agent's answers until it reads them."""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from hyperhive.api.errors import problem
from hyperhive.api.json_io import SMALL_BYTES
from hyperhive.errors import TooManyRequestsError

#: Most bytes of answers above `SMALL_BYTES` that wait for one agent, on all of its connections.
UNREAD_BYTES: Final = 8 * 1024 * 1024
#: An agent that takes nothing for so long is cut off.
_READ_SECONDS: Final = 30.0


def unread_bounded() -> Middleware:
    """Refuse what would be too much beside what an agent has not read; to be the outermost of all."""
    unread = 0

    @web.middleware
    async def run(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal unread
        response = await handler(request)
        body = response.body if isinstance(response, web.Response) else None
        size = len(body) if isinstance(body, bytes) else 0
        if size <= SMALL_BYTES:
            return response
        if unread and unread + size > UNREAD_BYTES:
            return problem(
                TooManyRequestsError(
                    f"{unread} bytes of answers to earlier calls wait to be read: read them first"
                )
            )
        unread += size
        try:
            async with asyncio.timeout(_READ_SECONDS):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError as error:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the agent does not read its answer") from error
        finally:
            unread -= size
        return response

    return run
