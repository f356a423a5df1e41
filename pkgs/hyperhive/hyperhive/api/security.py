"""Who may call: peer uid, `Host`, `Origin` and the operator's session, and the headers on every answer."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.typedefs import Handler, Middleware

from hyperhive.api.errors import errors_as_json
from hyperhive.api.json_io import tell_replaced
from hyperhive.errors import ForbiddenError, InvalidRequestError, UnauthorizedError
from hyperhive.services.sessions import Sessions
from hyperhive.system.listeners import socket_of
from hyperhive.system.sockets import peer_uid
from hyperhive.system.tasks import Tasks

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

#: Methods that change nothing, so that a browser may send them without an `Origin`.
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def secure(response: web.StreamResponse) -> None:
    """Set the headers of every answer, except those that a handler has set more strictly."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    # In place of the versions of Python and aiohttp.
    response.headers["Server"] = "hyperhive"
    response.headers.setdefault("Cache-Control", "no-store")


async def secure_answer(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """For `app.on_response_prepare`."""
    secure(response)


@web.middleware
async def plain_requests_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what no client of ours sends and parsers understand in different ways.

    That is HTTP but 1.1 and 1.0, a request without a `Host` or with two, an upgrade of 1.0, and `GET
    http://other/…`, where the target overrides `Host`.
    """
    if request.version not in {HttpVersion10, HttpVersion11}:
        raise web.HTTPVersionNotSupported
    if len(request.headers.getall("Host", [])) != 1:
        raise InvalidRequestError("there must be one Host header")
    if request.version == HttpVersion10 and "Upgrade" in request.headers:
        raise InvalidRequestError("HTTP/1.0 cannot be upgraded")
    if not request.raw_path.startswith("/"):
        raise InvalidRequestError("the request target must be a path")
    # Requests that came together are handled without a pause: between two of them everybody has a turn.
    await asyncio.sleep(0)
    return await handler(request)


def peers_only(allowed: Callable[[int], bool]) -> Middleware:
    """Refuse processes on a Unix socket whose uid is not `allowed`."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = socket_of(request)
        if connection is None:
            raise ForbiddenError("the connection is gone")
        uid = peer_uid(connection)
        if not allowed(uid):
            raise ForbiddenError(f"uid {uid} may not use this socket")
        return await handler(request)

    return check


def hosts_only(names: Collection[str]) -> Middleware:
    """Refuse requests whose `Host` is not one of `names` (without port): DNS rebinding ends here."""
    known = {name.lower().strip("[]") for name in names}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.getall("Host", [])
        if len(given) != 1 or _host_name(given[0]) not in known:
            raise ForbiddenError("the Host header is not in listen.host_names")
        return await handler(request)

    return check


@web.middleware
async def own_origin_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another site's page may have sent: changes and WebSockets need our own `Origin`."""
    upgrade = request.headers.get("Upgrade", "").lower()
    if upgrade or request.method not in _SAFE_METHODS:
        scheme = "https" if request.secure else "http"
        own = f"{scheme}://{request.headers.get('Host', '')}"
        if request.headers.getall("Origin", []) != [own]:
            raise ForbiddenError("the Origin header is missing or another site's")
    return await handler(request)


def finish_writes(tasks: Tasks) -> Middleware:
    """Run what changes something to its end, even when the client goes in the middle.

    A commit must not be parted from the wakes and frames that follow it. A route whose handler
    waits is marked with `waits` instead, and is cancelled when the client goes.
    """

    @web.middleware
    async def run(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method in _SAFE_METHODS or request.match_info.route.name == WAITS:
            return await handler(request)
        return await tasks.complete(_call(handler, request), f"{request.method} {request.path[:200]}")

    return run


#: Route name of a handler that may be cancelled at any time.
WAITS: Final = "waits"


def unix_app(tasks: Tasks, peer_allowed: Callable[[int], bool]) -> web.Application:
    """An application on a Unix socket, so far without routes, for the uids that `peer_allowed` says."""
    app = web.Application(
        middlewares=[
            tell_replaced,
            errors_as_json,
            plain_requests_only,
            peers_only(peer_allowed),
            finish_writes(tasks),
        ]
    )
    app.on_response_prepare.append(secure_answer)
    return app


class Gate:
    """The operator's session cookie, and the routes that need none."""

    def __init__(self, sessions: Sessions, *, port: int, tls: bool) -> None:
        self._sessions = sessions
        self._tls = tls
        # The prefix makes browsers refuse the cookie unless it is Secure, host-only and for Path=/. They
        # do not keep the cookies of two ports apart, so the port is part of the name.
        self.cookie = f"{'__Host-' if tls else ''}hyperhive-{port}"
        self.public: set[web.AbstractRoute] = set()

    def session(self, request: web.Request) -> str | None:
        """The session that the request belongs to, or None when it has none or an ended one."""
        given = request.cookies.get(self.cookie)
        return given if given and self._sessions.valid(given) else None

    def admit(self, response: web.StreamResponse, session: str) -> None:
        """Give the browser the session's cookie; it goes with the browser's own session settings."""
        response.set_cookie(
            self.cookie,
            session,
            path="/",
            max_age=SESSION_SECONDS,
            httponly=True,
            secure=self._tls,
            samesite="Strict",
        )

    def dismiss(self, response: web.StreamResponse) -> None:
        response.del_cookie(self.cookie, path="/", httponly=True, secure=self._tls, samesite="Strict")

    @property
    def middleware(self) -> Middleware:
        """Refuses every request without a session, but on `public` routes; also unknown paths."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.match_info.route not in self.public and self.session(request) is None:
                raise UnauthorizedError("log in first")
            return await handler(request)

        return check


#: How long a browser keeps the cookie; the session itself ends by the broker's own rule.
SESSION_SECONDS: Final = 30 * 24 * 3600


async def _call(handler: Handler, request: web.Request) -> web.StreamResponse:
    return await handler(request)


def _host_name(header: str) -> str | None:
    """The name in a `Host` header, lower case and without port and brackets; None if malformed."""
    try:
        parts = urlsplit(f"//{header}")
        # Reading the port raises for what is no port.
        if parts.port == 0 or parts.netloc != header or parts.username is not None:
            return None
    except ValueError:
        return None
    return parts.hostname
