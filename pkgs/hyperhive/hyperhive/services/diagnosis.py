"""Diagnosis: runs the doctor's checks and the agents' self-tests, and keeps what was seen last."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hyperhive.config import BrokerConfig
from hyperhive.diagnosis.doctor import ADVICE, AgentsPlace, BrokersPlace, agent_probes, broker_probes
from hyperhive.diagnosis.host_probes import OUTSIDE, Outside
from hyperhive.diagnosis.isolation import INSIDE
from hyperhive.diagnosis.probe import check, complete, observe
from hyperhive.errors import ConflictError, UnavailableError
from hyperhive.protocol.diagnosis import (
    SELF_TEST_SECONDS,
    Diagnosis,
    Finding,
    Outcome,
    SelfTest,
    SelfTestView,
)
from hyperhive.protocol.link import RunSelfTest, SelfTestDone
from hyperhive.services.agents import Agents
from hyperhive.services.lifecycle import Runtime
from hyperhive.services.links import Links
from hyperhive.store.database import Database


@dataclass(frozen=True)
class _Running:
    id: str
    answer: asyncio.Future[SelfTestDone]


class SelfTests:
    """One at a time for each agent; the last result lives as long as this broker.

    Args:
        clock: Seconds since 1970.
        dashboard_port: The TCP port that agents must not reach.
        seconds: How long one may take.
    """

    def __init__(
        self,
        config: BrokerConfig,
        agents: Agents,
        runtime: Runtime,
        links: Links,
        clock: Callable[[], float],
        *,
        dashboard_port: Callable[[], int],
        seconds: float = SELF_TEST_SECONDS,
    ) -> None:
        self._config = config
        self._agents = agents
        self._runtime = runtime
        self._links = links
        self._clock = clock
        self._contained = config.runtime == "nixos"
        self._dashboard_port = dashboard_port
        self._seconds = seconds
        self._running: dict[str, _Running] = {}
        self._last: dict[str, SelfTest] = {}

    async def run(self, name: str) -> SelfTest:
        """Have the agent look at its isolation from inside, and look at it from outside.

        A `NotFoundError` when there is no such agent, a `ConflictError` when it has a self-test running or is
        not connected, an `UnavailableError` when its harness went or did not answer in time.
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
            ok=all(finding.outcome is not Outcome.FAILED for finding in (*outside, *inside)),
            outside=outside,
            inside=inside,
        )
        self._last[name] = test
        return test

    async def _look(self, name: str, running: _Running) -> tuple[list[Finding], list[Finding]]:
        hidden = hidden_files(self._config)
        asked = RunSelfTest(id=running.id, port=self._dashboard_port(), hidden=hidden)
        peer = self._links.peer(name)
        if peer is None or not self._links.push(name, asked):
            raise ConflictError(
                f"{name} is not connected, so it cannot be asked; start it, or look at its log"
            )
        place = Outside(self._config, name, peer, self._runtime.control_group)
        seen = await observe(OUTSIDE, place, self._seconds)
        done = await running.answer
        return (
            complete(OUTSIDE, seen, contained=self._contained),
            complete(INSIDE, done.observations, contained=self._contained),
        )

    def view(self, name: str) -> SelfTestView:
        """A `NotFoundError` when there is no such agent."""
        self._agents.config(name)
        return SelfTestView(running=name in self._running, last=self._last.get(name))

    def answered(self, name: str, done: SelfTestDone) -> None:
        """From the agent's harness; an answer that nobody waits for is dropped."""
        running = self._running.get(name)
        if running is not None and running.id == done.id and not running.answer.done():
            running.answer.set_result(done)

    def remove(self, name: str) -> None:
        self.lost(name)
        self._last.pop(name, None)

    def lost(self, name: str) -> None:
        """The harness has gone, or another one has come: the one that was asked will not answer."""
        running = self._running.get(name)
        if running is not None and not running.answer.done():
            error = UnavailableError(f"the harness of {name} lost its connection during the self-test")
            running.answer.set_exception(error)


def hidden_files(config: BrokerConfig) -> list[str]:
    """What no agent may see of the broker's own."""
    state, runtime = Path(config.state_dir), Path(config.runtime_dir)
    return [str(path) for path in (state / "db", state / "operator-token", runtime / "admin.sock")]


class Doctor:
    """Checks what can be seen from the broker's place; changes nothing."""

    def __init__(
        self,
        config: BrokerConfig,
        db: Database,
        agents: Agents,
        selftests: SelfTests,
        clock: Callable[[], float],
        subordinate_uids: Path = Path("/etc/subuid"),
    ) -> None:
        self._place = BrokersPlace(
            Path(config.state_dir),
            Path(config.runtime_dir),
            Path(config.dashboard_dir),
            ADVICE[config.runtime],
            config,
            agents.names,
            db,
            clock,
            subordinate_uids,
        )
        self._agents = agents
        self._selftests = selftests
        self._one_at_a_time = asyncio.Lock()
        self._last: Diagnosis | None = None

    async def diagnose(self) -> Diagnosis:
        """Callers that come during a run share the next one, which begins after they came."""
        asked = self._place.clock()
        async with self._one_at_a_time:
            if self._last is None or self._last.at <= asked:
                self._last = await self._diagnose()
            return self._last

    async def _diagnose(self) -> Diagnosis:
        place = self._place
        began = place.clock()
        checks = await check(broker_probes(place.config), place)
        for view in self._agents.views():
            test = self._selftests.view(view.name).last
            agent = AgentsPlace(view, test, place.clock(), place.advice)
            checks += await check(agent_probes(agent), agent, view.name)
        return Diagnosis(
            at=began,
            seconds=max(0.0, place.clock() - began),
            ok=all(check.outcome is not Outcome.FAILED for check in checks),
            checks=checks,
        )
