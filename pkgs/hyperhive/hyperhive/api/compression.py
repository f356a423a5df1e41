"""Compression: whether a client takes gzip, and gzip for the long JSON of the operator's calls."""

import asyncio
import gzip
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

#: Shorter answers cost more in compressing than they save on the way.
LEAST_BYTES: Final = 2048
#: Level for what is compressed once for one answer; the higher ones take thrice as long for a tenth less.
_LEVEL: Final = 4


def takes_gzip(request: web.BaseRequest) -> bool:
    """Whether `Accept-Encoding` names gzip with a weight above 0."""
    for given in request.headers.getall(hdrs.ACCEPT_ENCODING, []):
        for part in given.split(","):
            name, *parameters = (one.strip().lower() for one in part.split(";"))
            if name == "gzip":
                return not any(one.startswith("q=") and _weight(one) == 0 for one in parameters)
    return False


def mark_gzip(response: web.StreamResponse) -> None:
    """Say in the headers that the body is compressed, and for whom."""
    response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING


@web.middleware
async def compressed_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress JSON of more than a few lines; streams and files pass as they are.

    A compressed answer tells by its length how much of an attacker's text it repeats (BREACH). That needs
    somebody who can have the operator's browser ask again and again with texts of their choice, and who
    sees the lengths: other sites' requests come without the `SameSite=Strict` cookie, an agent is on no way
    between browser and broker, and no answer holds a secret of the operator's: token and session travel in
    `/admin/token` (Unix socket), in the login's body and in cookies, none of which is compressed.
    """
    response = await handler(request)
    if not isinstance(response, web.Response) or response.content_type != "application/json":
        return response
    body = response.body
    if not isinstance(body, bytes) or len(body) < LEAST_BYTES or not takes_gzip(request):
        return response
    response.body = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
    mark_gzip(response)
    return response


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 1.0
