"""The one place that turns errors into `{"error": {"key", "message"}}`."""

import logging
import math
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from hyperhive.errors import HyperhiveError, NotFoundError, TooLargeError, TooManyRequestsError
from hyperhive.protocol.base import Problem, ProblemDetail

log = logging.getLogger(__name__)

#: Statuses that aiohttp itself answers with, where our key differs from the status's own name.
_KEYS: Final = {400: "invalid_request", 413: TooLargeError.key, 500: HyperhiveError.key}


def problem(error: HyperhiveError) -> web.Response:
    after = error.retry_after if isinstance(error, TooManyRequestsError) else None
    response = _answer(error.status, error.key, error.message, after)
    if after is not None:
        response.headers["Retry-After"] = str(math.ceil(after))
    return response


def plain_problem(status: int) -> web.Response:
    """The answer when nothing but the status is known, e.g. to what is no HTTP."""
    phrase = HTTPStatus(status)
    return _answer(status, _KEYS.get(status, phrase.name.lower()), phrase.description or phrase.phrase)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure in the one shape; log with a traceback only what nobody foresaw."""
    try:
        return await handler(request)
    except HyperhiveError as error:
        return problem(error)
    except web.HTTPException as error:
        return _http_problem(request, error)
    except ConnectionError as error:
        # The client is gone; nobody reads this answer.
        log.debug("%s %s: %s", request.method, request.path, error)
        return plain_problem(400)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        if request.writer.output_size > 0:
            # The answer has begun: all that is left is to cut it, so that it is not taken for whole.
            _abort(request)
        return plain_problem(500)


def _http_problem(request: web.Request, error: web.HTTPException) -> web.Response:
    if error.status == NotFoundError.status:
        return problem(NotFoundError(f"there is no {request.method} {request.path[:200]}"))
    response = plain_problem(error.status)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _answer(status: int, key: str, message: str, retry_after: float | None = None) -> web.Response:
    shape = Problem(error=ProblemDetail(key=key, message=message, retry_after=retry_after))
    body = shape.model_dump_json(exclude_none=True).encode()
    return web.Response(status=status, body=body, content_type="application/json")
