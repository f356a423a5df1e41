"""Streams over one WebSocket, `GET /api/streams`: a browser opens one for all of its tabs.

A browser has six connections to a host for plain HTTP, and a stream of server-sent events holds one of them
as long as it is open; WebSockets are counted apart. Over this one any number of streams can be opened, each
by the path that it has as server-sent events: `/messages/stream` and `/api/agents/{name}/stream`.

    browser: Open ─► broker: Opened, then Item after Item, and Ended if it is the broker that ends it
    browser: Close

An id is the browser's choice, for one stream. Items are those of the stream's `data:`; what happens after
`Opened` is in them. Nothing is sent twice: who was away opens the stream first and then asks for what was
missed, by the frame's `seq` or the event's `id`. So does who takes too little of what comes: the stream that
holds most of it ends then, as one of server-sent events does with a last event `ended`.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from hyperhive.protocol.base import ApiModel, ProblemDetail

#: Most streams that one socket has open: some for each of the tabs that a browser can have in use.
STREAM_LIMIT: Final = 256
#: Most bytes of a frame from the browser.
REQUEST_BYTES: Final = 4096

StreamId = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Open(ApiModel):
    type: Literal["open"] = "open"
    id: StreamId
    path: Annotated[str, Field(max_length=200)]


class Close(ApiModel):
    """The browser reads this stream no more; what is on its way still comes."""

    type: Literal["close"] = "close"
    id: StreamId


StreamRequest = Annotated[Open | Close, Field(discriminator="type")]
STREAM_REQUEST: TypeAdapter[StreamRequest] = TypeAdapter(StreamRequest)


class Opened(ApiModel):
    type: Literal["opened"] = "opened"
    id: StreamId


class Ended(ApiModel):
    """Refused, or ended by the broker, with what the same path would answer to a request."""

    type: Literal["ended"] = "ended"
    id: StreamId
    status: int
    error: ProblemDetail


def item(stream: StreamId, data: bytes) -> bytes:
    """The frame that brings one item of a stream, whose JSON is `data`."""
    return b'{"type":"item","id":%d,"data":%b}' % (stream, data)
