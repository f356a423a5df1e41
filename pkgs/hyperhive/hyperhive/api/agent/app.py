"""The application of one agent's socket."""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from hyperhive.api.agent.answers import Answers
from hyperhive.api.agent.budget import within_budget
from hyperhive.api.agent.lifecycle import LifecycleApi
from hyperhive.api.agent.link import LinkApi
from hyperhive.api.agent.messages import AgentMessagesApi
from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.json_io import large_bodies_in_turns
from hyperhive.api.security import unix_app
from hyperhive.api.terminal import ViewerApi
from hyperhive.services.composition import Services
from hyperhive.store.database import OWNER
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
    app = unix_app(tasks, peer_allowed)
    answers = Answers()
    app.middlewares.insert(0, answers.bounded())
    # Before the writes that are finished even when their caller has gone: a refusal is not.
    app.middlewares.insert(-1, within_budget(agent, services.budgets))
    app.middlewares.extend((_owned_by(agent), large_bodies_in_turns()))
    app.add_routes(AgentMessagesApi(agent, services, open_calls, answers).routes())
    app.add_routes(LifecycleApi(agent, services).routes())
    app.add_routes(LinkApi(agent, services, tasks, lease_seconds=lease_seconds).routes())
    app.add_routes(ViewerApi(agent, services.terminals).routes())
    return app


def _owned_by(agent: str) -> Middleware:
    """Let what a call stores wait for the agent's turn, and nobody for the agent's."""

    @web.middleware
    async def run(request: web.Request, handler: Handler) -> web.StreamResponse:
        OWNER.set(agent)
        return await handler(request)

    return run
