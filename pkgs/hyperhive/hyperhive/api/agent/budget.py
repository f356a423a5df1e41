"""The budget of an agent at its socket: calls are refused, frames of its link are read more slowly."""

import asyncio
from typing import Final

from aiohttp import WSMessage, WSMsgType, web
from aiohttp.typedefs import Handler, Middleware

from hyperhive.api.json_io import TEXT_BYTES
from hyperhive.domain.budgets import EVENT_FRAMES
from hyperhive.errors import TooManyRequestsError
from hyperhive.protocol.agents import BudgetKind
from hyperhive.services.budgets import Budgets

#: Longest that a refusal is held back, so that who does not wait is slowed by it; in seconds.
_PENALTY: Final = 1.0
#: Longest pause between two frames, well below what the heartbeat and the leases wait.
_PAUSE: Final = 2.0


def within_budget(agent: str, budgets: Budgets) -> Middleware:
    """Count each call and its bytes; refuse what is over the agent's limits before it is read."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        length = request.content_length
        try:
            # What is longer than any body is refused without being read.
            size = min(length or 0, TEXT_BYTES)
            budgets.take(agent, {BudgetKind.REQUESTS: 1, BudgetKind.BYTES_IN: size})
        except TooManyRequestsError as error:
            await asyncio.sleep(min(error.retry_after or _PENALTY, _PENALTY))
            raise
        try:
            return await handler(request)
        finally:
            if length is None:
                # A body in chunks says how long it is only by its end.
                budgets.spend(agent, {BudgetKind.BYTES_IN: request.content.total_bytes})

    return check


class PacedSocket:
    """The link's frames, no faster than the agent's budget has it: what is not read waits with the sender."""

    def __init__(self, socket: web.WebSocketResponse, agent: str, budgets: Budgets) -> None:
        self._socket = socket
        self._agent = agent
        self._budgets = budgets

    async def receive(self) -> WSMessage:
        message = await self._socket.receive()
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            await self._pause({BudgetKind.FRAMES: 1, BudgetKind.BYTES_IN: len(message.data)})
        return message

    async def count(self, events: int) -> None:
        """A report had so many events."""
        await self._pause({BudgetKind.FRAMES: events * EVENT_FRAMES})

    async def _pause(self, amounts: dict[BudgetKind, float]) -> None:
        wait = self._budgets.spend(self._agent, amounts)
        if wait:
            await asyncio.sleep(min(wait, _PAUSE))
