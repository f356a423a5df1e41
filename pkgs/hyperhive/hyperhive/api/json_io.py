"""Requests (body, query, path) read as models, and models answered as JSON."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from typing import Final, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from hyperhive.errors import InvalidRequestError, TooLargeError
from hyperhive.protocol.base import LARGEST_ID, REPLACED_HEADER
from hyperhive.protocol.messages import ACK_COUNT_LIMIT
from hyperhive.text import json_size, shown, sound_json, sound_text

#: Most bytes of a body that carries a message, question or answer.
TEXT_BYTES: Final = 1024 * 1024
#: Most bytes of any other body.
SMALL_BYTES: Final = 64 * 1024

#: Most keys of a body or a query, in all of its objects. The largest that anybody needs has ten; each unknown
#: one is a mistake that would be described.
_KEYS: Final = 100
#: Most values of a body: the longest list of ids, and what may stand around it.
_VALUES: Final = ACK_COUNT_LIMIT + 2 * _KEYS
#: Most bytes or characters of a body that are replaced because they are no text: with more of them it is in
#: another encoding, and of no use.
REPLACED_LIMIT: Final = 32 * 1024
_BODY_SECONDS: Final = 30.0
_SHOWN_ERRORS: Final = 5
_SHOWN_KEY: Final = 100

ModelT = TypeVar("ModelT", bound=BaseModel)

# In contexts, not in the request: old releases of aiohttp have no typed keys for that, new ones ask for them.
#: What `read_body` replaced for the request that this context serves.
_replaced: ContextVar[list[int] | None] = ContextVar("replaced", default=None)
#: Waits until the request that this context serves may have a large body.
_turn: ContextVar[Callable[[], Awaitable[object]] | None] = ContextVar("turn", default=None)


class Query(BaseModel):
    """Base of a route's query: numbers come as text, unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


async def read_body(request: web.Request, model: type[ModelT], limit: int = SMALL_BYTES) -> ModelT:
    """The request's body as `model`.

    Raises:
        TooLargeError: It has more than `limit` bytes.
        InvalidRequestError: It is no JSON or does not fit; the message names field and value.
    """
    raw = await _read(request, limit)
    size = json_size(raw, _VALUES)
    if size.keys > _KEYS:
        raise InvalidRequestError(f"the body has more than {_KEYS} keys")
    if size.values > _VALUES:
        raise InvalidRequestError(f"the body has more than {_VALUES} values")
    await _let_others_go(raw)
    try:
        source = sound_json(raw, most=REPLACED_LIMIT)
    except ValueError as error:
        raise InvalidRequestError(f"the body: {error}") from error
    await _let_others_go(raw)
    if (told := _replaced.get()) is not None:
        told.append(source.replaced)
    try:
        return model.model_validate_json(source.text)
    except ValidationError as error:
        raise InvalidRequestError(_describe(error, "body")) from error


def read_query(request: web.Request, model: type[ModelT]) -> ModelT:
    """The request's query as `model`; errors as for `read_body`."""
    if len(request.query) > _KEYS:
        raise InvalidRequestError(f"the query has more than {_KEYS} keys")
    try:
        given = {key: sound_text(value, nul=True).text for key, value in request.query.items()}
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidRequestError(_describe(error, "query")) from error


def path_id(request: web.Request) -> int:
    """The number `{id}` of the request's path; an `InvalidRequestError` shows what stands there."""
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_ID):
        raise InvalidRequestError(f"path: id: is not a number of this hive (value: {shown(text)})")
    return int(text)


@web.middleware
async def tell_replaced(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell a caller whose text is not kept as it was sent, in the answer's header."""
    told: list[int] = []
    token = _replaced.set(told)
    try:
        response = await handler(request)
    finally:
        _replaced.reset(token)
    if sum(told):
        response.headers[REPLACED_HEADER] = str(sum(told))
    return response


def large_bodies_in_turns() -> Middleware:
    """Let a socket have one body above `SMALL_BYTES` at a time, until its answer.

    Each takes its size several times over, and time of the loop, of which others' calls get every other turn.
    """
    free = asyncio.Lock()

    @web.middleware
    async def run(request: web.Request, handler: Handler) -> web.StreamResponse:
        async with AsyncExitStack() as stack:
            token = _turn.set(lambda: stack.enter_async_context(free))
            try:
                return await handler(request)
            finally:
                _turn.reset(token)

    return run


def answer(model: BaseModel) -> web.Response:
    """`model` as JSON, never to be stored by the client."""
    return web.Response(
        body=model.model_dump_json().encode(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _let_others_go(raw: bytes) -> None:
    """Between two steps of reading a large body. Each holds the loop for some milliseconds at most.

    A thread would not help: what takes the time are single calls, during which no other thread runs.
    """
    if len(raw) > SMALL_BYTES:
        await asyncio.sleep(0)


async def _read(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise TooLargeError(f"the body has {request.content_length} bytes, the limit is {limit}")
    raw, turn = bytearray(), _turn.get()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.content.iter_any():
                raw += chunk
                if len(raw) > SMALL_BYTES and turn is not None:
                    await turn()
                    turn = None
                if len(raw) > limit:
                    raise TooLargeError(f"the body has more than {limit} bytes")
            return bytes(raw)
    except web.RequestPayloadError as error:
        raise InvalidRequestError("the body is broken: it does not have the form its headers say") from error
    except TimeoutError as error:
        raise InvalidRequestError(f"the body did not arrive within {_BODY_SECONDS:.0f} seconds") from error
    finally:
        # An error that is raised holds on to it until the next collection of garbage.
        raw.clear()


def _describe(error: ValidationError, origin: str) -> str:
    details = error.errors(include_url=False)
    lines = [_line(detail, origin) for detail in details[:_SHOWN_ERRORS]]
    if len(details) > _SHOWN_ERRORS:
        lines.append(f"and {len(details) - _SHOWN_ERRORS} more")
    return "; ".join(lines)


def _line(detail: ErrorDetails, origin: str) -> str:
    place = ".".join([origin, *(str(part)[:_SHOWN_KEY] for part in detail["loc"])])
    reason = detail["msg"].removeprefix("Value error, ")
    # What is no JSON is the whole body: a message, or a secret.
    given = "" if detail["type"] in {"missing", "json_invalid"} else f" (value: {shown(detail['input'])})"
    return f"{place}: {reason}{given}"
