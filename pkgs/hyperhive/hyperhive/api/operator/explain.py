"""`/api/agents/{name}/explain`: what an agent's Bash policy says to a command line."""

import asyncio
from typing import Final

from aiohttp import web
from pydantic import TypeAdapter

from hyperhive.api.json_io import TEXT_BYTES, read_body
from hyperhive.domain.bash import Verdict, judge
from hyperhive.protocol.operator import ExplainRequest
from hyperhive.services.agents import Agents

_VERDICT: Final = TypeAdapter(Verdict)


class ExplainApi:
    """The policy, tried without running anything."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.post("/api/agents/{name}/explain", self.explain)]

    async def explain(self, request: web.Request) -> web.Response:
        """Allow or refuse, the simple commands found and the rule that decided."""
        patterns = self._agents.config(request.match_info["name"]).bash
        body = await read_body(request, ExplainRequest, TEXT_BYTES)
        verdict = await asyncio.to_thread(judge, body.command, patterns)
        return web.Response(body=_VERDICT.dump_json(verdict), content_type="application/json")
