"""All services of a hive, built in order: one set for the broker and for the tests."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hyperhive import __version__
from hyperhive.config import AgentConfig, BrokerConfig
from hyperhive.protocol.bus import Notice
from hyperhive.protocol.messages import OPERATOR, MessageKind
from hyperhive.services.agents import Agents
from hyperhive.services.budgets import Budgets
from hyperhive.services.bus import Bus
from hyperhive.services.diagnosis import Doctor, SelfTests
from hyperhive.services.events import Events
from hyperhive.services.hive import HiveView
from hyperhive.services.lifecycle import Lifecycle, Runtime
from hyperhive.services.links import Links
from hyperhive.services.messages import Messages
from hyperhive.services.models import Models
from hyperhive.services.notifications import Notifications
from hyperhive.services.questions import Questions
from hyperhive.services.quota import Quota
from hyperhive.services.sessions import Sessions
from hyperhive.services.stats import Stats
from hyperhive.services.stats_recorder import StatsRecorder
from hyperhive.services.terminal import TerminalRelay
from hyperhive.store.database import Database
from hyperhive.system.ntfy import Ntfy
from hyperhive.system.tasks import Tasks


@dataclass(frozen=True, kw_only=True)
class Services:
    """Open `db`, await `start` once and `sweep` every second."""

    config: BrokerConfig
    bus: Bus
    budgets: Budgets
    recorder: StatsRecorder
    db: Database
    agents: Agents
    links: Links
    messages: Messages
    questions: Questions
    events: Events
    quota: Quota
    stats: Stats
    models: Models
    lifecycle: Lifecycle
    sessions: Sessions
    hive: HiveView
    selftests: SelfTests
    doctor: Doctor
    terminals: TerminalRelay
    notifications: Notifications

    async def start(self) -> None:
        """Take everything over from the store, and let the declared agents in."""
        await self.sessions.start()
        await self.agents.start(self.db)
        self.recorder.start(await self.messages.start())
        for agent in self.config.agents.values():
            await self.add_agent(agent)
        await self.messages.take_over()

    async def add_agent(self, agent: AgentConfig) -> None:
        """Make what the services keep of one agent; a `ConflictError` when there is one of that name."""
        self.agents.check_free(agent.name)
        # What can fail comes first, so that nothing is left of it.
        chosen = await self.models.kept(agent)
        self.budgets.add(agent)
        self.agents.add(agent, chosen)
        self.lifecycle.add(agent.name)

    async def remove_agent(self, name: str) -> None:
        """Unmake what the services keep of one agent; a `NotFoundError` when there is none of that name.

        What the store keeps stays: history, log, stats and the choice of a model. When the store fails, the
        agent is gone all the same, and its mail goes back when a broker starts next.
        """
        # From here on nobody can send to it, and its own calls are refused.
        self.agents.remove(name)
        self.budgets.remove(name)
        self.lifecycle.remove(name)
        self.selftests.remove(name)
        self.terminals.remove(name)
        self.events.remove(name)
        try:
            await self.messages.return_mail(name)
        finally:
            await self.links.close(name, f"{name} left the hive")

    async def resume(self, lost: float) -> None:
        """Go on after a pause of so many seconds, in which nobody could be heard: before the next sweep."""
        await self.messages.renew()
        await self.questions.postpone(lost)
        self.terminals.resume(lost)

    async def sweep(self) -> None:
        """Leases and deadlines that have passed, retention, and what stayed away too long."""
        await self.messages.sweep()
        await self.questions.sweep()
        await self.events.sweep()
        await self.quota.sweep()
        await self._sweep_budgets()
        await self.sessions.sweep()
        self.agents.sweep()
        await self.stats.sweep()
        await self.terminals.sweep()

    async def _sweep_budgets(self) -> None:
        changed, notices = self.budgets.sweep()
        for name in changed:
            self.agents.touch(name)
        for text in notices:
            await self.messages.post(OPERATOR, MessageKind.NOTICE, text)
            self.bus.publish(Notice("warning", text))


def build_services(
    config: BrokerConfig,
    clock: Callable[[], float],
    tasks: Tasks,
    *,
    runtime: Runtime,
    password_hash: str | None,
    ntfy: Ntfy | None,
    remote_url: str | None,
    dashboard_port: Callable[[], int],
    boot: str,
) -> Services:
    """All of them; nothing is opened or read yet.

    `ntfy` is None exactly where the config has none, `remote_url` where the dashboard is on loopback alone;
    `dashboard_port` is asked once the port is open, and `boot` changes with every start of the broker.
    """
    state, contained, push = Path(config.state_dir), config.runtime == "nixos", config.notifications.ntfy
    bus = Bus()
    budgets = Budgets(clock)
    agents = Agents(bus, budgets, clock, contained=contained)
    recorder = StatsRecorder(lambda: agents.roster)
    db = Database(
        state / "db" / "broker.sqlite",
        clock,
        publish=lambda events: bus.publish(*events),
        record=recorder.record,
    )
    links = Links(bus)
    messages = Messages(db, bus, agents, budgets, config, clock)
    questions = Questions(db, messages)
    events = Events(db, bus, budgets, config, clock)
    quota = Quota(db, messages.quotas, lambda: agents.roster)
    sessions = Sessions(db, state / "operator-token", password_hash, clock)
    selftests = SelfTests(config, agents, runtime, links, clock, dashboard_port=dashboard_port)
    return Services(
        config=config,
        bus=bus,
        budgets=budgets,
        recorder=recorder,
        db=db,
        agents=agents,
        links=links,
        messages=messages,
        questions=questions,
        events=events,
        quota=quota,
        stats=Stats(db, agents, quota, config, clock),
        models=Models(db, agents, events, links),
        lifecycle=Lifecycle(runtime, agents, events, bus, clock),
        sessions=sessions,
        hive=HiveView(config, bus, messages, questions, agents, clock, boot=boot, version=__version__),
        selftests=selftests,
        doctor=Doctor(config, db, agents, selftests, clock),
        terminals=TerminalRelay(agents, events, links.push, clock, contained=contained),
        notifications=Notifications(
            db,
            bus,
            agents,
            tasks,
            config=push,
            ntfy=ntfy,
            base=None if push is None else push.dashboard_url or remote_url,
            clock=clock,
        ),
    )
