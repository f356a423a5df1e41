"""The application of one agent's socket."""

from collections.abc import Callable

from aiohttp import web

from hyperhive.api.agent.lifecycle import LifecycleApi
from hyperhive.api.agent.link import LinkApi
from hyperhive.api.agent.messages import AgentMessagesApi
from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.errors import errors_as_json
from hyperhive.api.json_io import tell_replaced
from hyperhive.api.security import finish_writes, path_targets_only, peers_only, secure_answer
from hyperhive.api.terminal import ViewerApi
from hyperhive.services.composition import Services
from hyperhive.system.tasks import Tasks


def agent_app(
    agent: str,
    services: Services,
    *,
    tasks: Tasks,
    open_calls: OpenCalls,
    peer_allowed: Callable[[int], bool],
    lease_seconds: int,
) -> web.Application:
    """The API of `agent`: whatever comes on its socket is that agent's, whatever it says.

    `peer_allowed` says which uids may call, as the broker's user namespace sees them; a lease lives
    `lease_seconds` without a hold.
    """
    app = web.Application(
        middlewares=[
            tell_replaced,
            errors_as_json,
            path_targets_only,
            peers_only(peer_allowed),
            finish_writes(tasks),
        ]
    )
    app.on_response_prepare.append(secure_answer)
    app.add_routes(AgentMessagesApi(agent, services, open_calls).routes())
    app.add_routes(LifecycleApi(agent, services).routes())
    app.add_routes(LinkApi(agent, services, tasks, lease_seconds=lease_seconds).routes())
    app.add_routes(ViewerApi(agent, services.terminals).routes())
    return app
