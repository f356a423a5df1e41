"""The operator's two applications: TCP with login and pages, and the admin socket without."""

from collections.abc import Callable, Collection
from pathlib import Path

from aiohttp import web

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.compression import compressed_json
from hyperhive.api.errors import errors_as_json
from hyperhive.api.json_io import answer, tell_replaced
from hyperhive.api.operator.agents import AgentsApi
from hyperhive.api.operator.hive import HiveApi
from hyperhive.api.operator.login import LoginApi
from hyperhive.api.operator.messages import OperatorMessagesApi
from hyperhive.api.operator.pages import PagesApi
from hyperhive.api.operator.stream import StreamApi
from hyperhive.api.security import (
    Gate,
    finish_writes,
    hosts_only,
    own_origin_only,
    plain_requests_only,
    secure_answer,
    unix_app,
)
from hyperhive.api.terminal import TerminalApi
from hyperhive.protocol.operator import LoginUrl
from hyperhive.services.composition import Services
from hyperhive.system.tasks import Tasks


def operator_app(
    services: Services,
    *,
    gate: Gate,
    tasks: Tasks,
    open_calls: OpenCalls,
    host_names: Collection[str],
    dashboard: Path,
) -> web.Application:
    """What a browser gets: every route demands a session, but the login and the pages it needs.

    The `gate` learns here which routes are public; `host_names` are values of `Host` that are answered.
    """
    app = web.Application(
        middlewares=[
            tell_replaced,
            errors_as_json,
            compressed_json,
            plain_requests_only,
            hosts_only(host_names),
            own_origin_only,
            gate.middleware,
            finish_writes(tasks),
        ]
    )
    app.on_response_prepare.append(secure_answer)
    login = LoginApi(services.sessions, gate, open_calls)
    pages = PagesApi(dashboard, gate, login)
    gate.public.update(app.add_routes([*login.public_routes(), *pages.public_routes()]))
    app.add_routes(login.routes())
    app.add_routes(_shared_routes(services, open_calls, gate))
    return app


def admin_app(
    services: Services,
    *,
    tasks: Tasks,
    open_calls: OpenCalls,
    peer_allowed: Callable[[int], bool],
    login_url: Callable[[], str],
) -> web.Application:
    """The operator's calls for the command line; whoever may open the socket is the operator.

    `peer_allowed` says which uids may; `login_url` is the address that logs a browser in.
    """

    async def token(_request: web.Request) -> web.Response:
        return answer(LoginUrl(url=login_url()))

    app = unix_app(tasks, peer_allowed)
    app.router.add_get("/admin/token", token)
    app.add_routes(_shared_routes(services, open_calls, None))
    return app


def _shared_routes(services: Services, open_calls: OpenCalls, gate: Gate | None) -> list[web.RouteDef]:
    return [
        *HiveApi(services).routes(),
        *StreamApi(services, open_calls, gate).routes(),
        *OperatorMessagesApi(services.messages, services.questions).routes(),
        *AgentsApi(services).routes(),
        *TerminalApi(services.terminals, open_calls, gate).routes(),
    ]
