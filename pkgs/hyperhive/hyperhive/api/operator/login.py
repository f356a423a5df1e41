"""`/api/login`, `/api/logout` and the login URL: how a browser gets and loses its session."""

from typing import Final

from aiohttp import web

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.json_io import answer, read_body
from hyperhive.api.security import Gate
from hyperhive.errors import UnauthorizedError
from hyperhive.protocol.operator import Done, LoginRequest
from hyperhive.services.sessions import Sessions

#: Where a refused login URL leads: the login page can tell by the fragment.
REFUSED_LOCATION: Final = "/#refused"

#: Set beside the session by the login URL, sent also when another site's link led here.
ARRIVED_COOKIE: Final = "hyperhive-arrived"
_ARRIVED_SECONDS: Final = 30


class LoginApi:
    def __init__(self, sessions: Sessions, gate: Gate, open_calls: OpenCalls) -> None:
        self._sessions = sessions
        self._gate = gate
        self._open_calls = open_calls

    def public_routes(self) -> list[web.RouteDef]:
        """The routes that need no session."""
        return [web.post("/api/login", self.login)]

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/logout", self.logout)]

    async def login(self, request: web.Request) -> web.Response:
        body = await read_body(request, LoginRequest)
        if body.token is not None:
            session = await self._sessions.login_token(body.token)
        else:
            session = await self._sessions.login_password(body.password or "", request.remote or "")
        response = answer(Done())
        self._gate.admit(response, session)
        return response

    async def logout(self, request: web.Request) -> web.Response:
        """End the session and every stream that it has open."""
        session = self._gate.session(request)
        if session is None:
            raise UnauthorizedError("log in first")
        await self._sessions.logout(session)
        self._open_calls.end_session(session)
        response = answer(Done())
        self._gate.dismiss(response)
        return response

    async def login_by_url(self, token: str) -> web.Response:
        """Take the token of `/?token=…` out of the address bar and into a session."""
        response = web.Response(
            status=303,
            headers={"Location": "/", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        )
        try:
            session = await self._sessions.login_token(token)
        except UnauthorizedError:
            response.headers["Location"] = REFUSED_LOCATION
            return response
        self._gate.admit(response, session)
        response.set_cookie(
            ARRIVED_COOKIE, "1", path="/", max_age=_ARRIVED_SECONDS, httponly=True, samesite="Lax"
        )
        return response
