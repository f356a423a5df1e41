"""WebSockets of pages, and of harnesses that serve one: how they are made, and closed with a reason."""

from typing import Final

from aiohttp import web

from hyperhive.errors import InvalidRequestError

_PING_SECONDS: Final = 20.0
_CLOSE_SECONDS: Final = 2.0
#: A close frame has room for so many.
_REASON_BYTES: Final = 123


def new_socket(request: web.Request, frame_bytes: int) -> web.WebSocketResponse:
    """For frames of at most so many bytes; an `InvalidRequestError` when the request wants none."""
    socket = web.WebSocketResponse(
        heartbeat=_PING_SECONDS, timeout=_CLOSE_SECONDS, max_msg_size=frame_bytes, compress=False
    )
    if not socket.can_prepare(request):
        raise InvalidRequestError("this address is for a WebSocket")
    return socket


async def close(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    await socket.close(code=code, message=reason.encode()[:_REASON_BYTES])
