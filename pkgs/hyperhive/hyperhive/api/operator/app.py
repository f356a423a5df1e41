"""The operator's two applications: TCP with login and pages, and the admin socket without."""

from collections.abc import Callable, Collection
from pathlib import Path

from aiohttp import web

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.compression import compressed_json
from hyperhive.api.errors import errors_as_json
from hyperhive.api.operator.admin import AdminApi
from hyperhive.api.operator.agents import AgentsApi
from hyperhive.api.operator.diagnosis import DiagnosisApi
from hyperhive.api.operator.explain import ExplainApi
from hyperhive.api.operator.inbox import InboxApi
from hyperhive.api.operator.lifecycle import LifecycleApi
from hyperhive.api.operator.login import LoginApi
from hyperhive.api.operator.messages import MessagesApi
from hyperhive.api.operator.notifications import NotificationsApi
from hyperhive.api.operator.pages import PagesApi
from hyperhive.api.operator.questions import QuestionsApi
from hyperhive.api.operator.state import StateApi
from hyperhive.api.operator.stats import StatsApi
from hyperhive.api.operator.stream import StreamApi
from hyperhive.api.operator.terminal import TerminalApi
from hyperhive.api.security import (
    Gate,
    finish_writes,
    hosts_only,
    own_origin_only,
    path_targets_only,
    peers_only,
    secure_answer,
)
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

    Args:
        services: What the calls do.
        gate: The session cookie; learns here which routes are public.
        tasks: Runs what must end once it began.
        open_calls: Ends streams at logout and when the broker stops.
        host_names: Values of `Host` that are answered.
        dashboard: Directory of the pages.
    """
    app = web.Application(
        middlewares=[
            errors_as_json,
            compressed_json,
            path_targets_only,
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
    app.add_routes(_shared_routes(services, tasks, open_calls, gate))
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

    Args:
        services: What the calls do.
        tasks: Runs what must end once it began.
        open_calls: Ends streams when the broker stops.
        peer_allowed: Which uids may call.
        login_url: The address that logs a browser in.
    """
    app = web.Application(
        middlewares=[errors_as_json, path_targets_only, peers_only(peer_allowed), finish_writes(tasks)]
    )
    app.on_response_prepare.append(secure_answer)
    app.add_routes(AdminApi(login_url).routes())
    app.add_routes(_shared_routes(services, tasks, open_calls, None))
    return app


def _shared_routes(
    services: Services, tasks: Tasks, open_calls: OpenCalls, gate: Gate | None
) -> list[web.RouteDef]:
    return [
        *StateApi(services.hive).routes(),
        *StreamApi(services, open_calls, gate).routes(),
        *MessagesApi(services.messages).routes(),
        *InboxApi(services.messages).routes(),
        *QuestionsApi(services.questions).routes(),
        *AgentsApi(services.agents, services.events, services.models, services.links).routes(),
        *StatsApi(services.stats).routes(),
        *LifecycleApi(services.lifecycle).routes(),
        *ExplainApi(services.agents).routes(),
        *DiagnosisApi(services.doctor, services.selftests).routes(),
        *TerminalApi(services.terminals, open_calls, tasks, gate).routes(),
        *NotificationsApi(services.notifications).routes(),
    ]
