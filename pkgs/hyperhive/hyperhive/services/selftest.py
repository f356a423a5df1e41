"""Self-tests: asks an agent to look at its walls, looks itself, and keeps what was seen last."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hyperhive.domain.selftest import INSIDE, OUTSIDE, complete, succeeded
from hyperhive.errors import ConflictError, UnavailableError
from hyperhive.protocol.link import RunSelfTest, SelfTestDone
from hyperhive.protocol.selftest import SELF_TEST_SECONDS, Finding, SelfTest, SelfTestView
from hyperhive.services.agents import Agents
from hyperhive.services.witness import Witness
from hyperhive.system.sockets import Peer

#: Asks an agent's harness and says who that is; None when none is connected.
Ask = Callable[[str, RunSelfTest], Peer | None]


@dataclass(frozen=True)
class _Running:
    id: str
    answer: asyncio.Future[SelfTestDone]


class SelfTests:
    """One at a time for each agent; the last result lives as long as this broker.

    Args:
        agents: Knows who there is.
        witness: Looks from outside.
        ask: Reaches the agents' harnesses.
        clock: Seconds since 1970.
        contained: Whether agents are in containers, and so whether walls are promised.
        dashboard_port: The TCP port that agents must not reach.
        hidden: Files that agents must not see.
        seconds: How long one may take.
    """

    def __init__(
        self,
        agents: Agents,
        witness: Witness,
        ask: Ask,
        clock: Callable[[], float],
        *,
        contained: bool,
        dashboard_port: Callable[[], int],
        hidden: Sequence[str],
        seconds: float = SELF_TEST_SECONDS,
    ) -> None:
        self._agents = agents
        self._witness = witness
        self._ask = ask
        self._clock = clock
        self._contained = contained
        self._dashboard_port = dashboard_port
        self._hidden = list(hidden)
        self._seconds = seconds
        self._running: dict[str, _Running] = {}
        self._last: dict[str, SelfTest] = {}

    async def run(self, name: str) -> SelfTest:
        """Have the agent look at its walls and look at them from outside.

        Raises:
            NotFoundError: There is no such agent.
            ConflictError: It has a self-test running, or its harness is not connected.
            UnavailableError: Its harness did not answer in time, or went meanwhile.
        """
        self._agents.config(name)
        if name in self._running:
            raise ConflictError(f"a self-test of {name} is running; wait for it")
        running = _Running(uuid.uuid4().hex, asyncio.get_running_loop().create_future())
        self._running[name] = running
        began = self._clock()
        try:
            async with asyncio.timeout(self._seconds):
                outside, inside = await self._look(name, running)
        except TimeoutError:
            raise UnavailableError(
                f"the harness of {name} did not finish the self-test within {self._seconds:g} seconds"
            ) from None
        finally:
            del self._running[name]
        test = SelfTest(
            agent=name,
            at=began,
            seconds=max(0.0, self._clock() - began),
            contained=self._contained,
            ok=succeeded([*outside, *inside]),
            outside=outside,
            inside=inside,
        )
        self._last[name] = test
        return test

    async def _look(self, name: str, running: _Running) -> tuple[list[Finding], list[Finding]]:
        """What is seen from outside and from inside."""
        asked = RunSelfTest(id=running.id, port=self._dashboard_port(), hidden=self._hidden)
        peer = self._ask(name, asked)
        if peer is None:
            raise ConflictError(
                f"{name} is not connected, so it cannot be asked; start it, or look at its log"
            )
        seen = await self._witness.look(name, peer)
        done = await running.answer
        return (
            complete(OUTSIDE, seen, contained=self._contained),
            complete(INSIDE, done.observations, contained=self._contained),
        )

    def view(self, name: str) -> SelfTestView:
        """The last result; a `NotFoundError` when there is no such agent."""
        self._agents.config(name)
        return SelfTestView(running=name in self._running, last=self._last.get(name))

    def answered(self, name: str, done: SelfTestDone) -> None:
        """Take what the agent's harness says; an answer that nobody waits for is dropped."""
        running = self._running.get(name)
        if running is not None and running.id == done.id and not running.answer.done():
            running.answer.set_result(done)

    def lost(self, name: str) -> None:
        """The agent's harness has gone, or another one has come: the one that was asked will not answer."""
        running = self._running.get(name)
        if running is not None and not running.answer.done():
            error = UnavailableError(f"the harness of {name} lost its connection during the self-test")
            running.answer.set_exception(error)
