"""A core of the hive over a real database, without HTTP; blocking calls on its event loop fail."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from hyperhive.config import BrokerConfig
from hyperhive.domain.passwords import hash_password
from hyperhive.domain.recipients import Roster
from hyperhive.protocol.events import HiveFrame
from hyperhive.protocol.messages import LeaseRequest, Message, SendRequest
from hyperhive.services.agents import Agents
from hyperhive.services.bus import Bus, Subscription
from hyperhive.services.events import Events
from hyperhive.services.hive import Hive
from hyperhive.services.messages import Messages
from hyperhive.services.notifications import Notifications
from hyperhive.services.outbox import Outbox
from hyperhive.services.questions import Questions
from hyperhive.services.sessions import Sessions
from hyperhive.services.stats import Stats
from hyperhive.services.tally import Tally
from hyperhive.store.database import Database
from hyperhive.system.ntfy import Ntfy
from hyperhive.system.tasks import Tasks
from tests.conftest import Clock, HiveConfig
from tests.ntfy_server import NtfyServer, ntfy_server

PASSWORD = "correct horse"
#: Of the pushes that `start` makes: seconds, and where links lead.
DELAY = 60
BASE = "https://hive.example.org"
PASSWORD_HASH = hash_password(PASSWORD, b"0123456789abcdef")


@dataclass(frozen=True)
class Core:
    db: Database
    bus: Bus
    outbox: Outbox
    messages: Messages
    questions: Questions
    events: Events
    agents: Agents
    stats: Stats
    sessions: Sessions
    hive: Hive

    async def say(self, sender: str, to: str, body: str = "hello") -> Message:
        """Send to one recipient and return the message."""
        [message] = (await self.messages.send(sender, SendRequest(to=to, body=body))).messages
        return message

    async def take(self, agent: str, turn: str = "t1", count: int = 1) -> list[Message]:
        """Lease without waiting."""
        return (await self.messages.lease(agent, LeaseRequest(turn=turn, max=count))).messages


StartCore = Callable[[BrokerConfig], Awaitable[Core]]


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    with blockbuster_ctx("hyperhive") as active:
        yield active


@pytest.fixture
async def start_core(clock: Clock) -> AsyncIterator[StartCore]:
    """Start a core; starting another one on the same directory first stops the one before."""
    stack = AsyncExitStack()

    async def start(config: BrokerConfig) -> Core:
        await stack.aclose()
        state = Path(config.state_dir)
        db = await stack.enter_async_context(Database(state / "db" / "broker.sqlite"))
        bus = Bus(clock)
        tally = Tally(Roster(config.agents))
        outbox = Outbox(db, bus, tally)
        messages = Messages(outbox, config, clock)
        questions = Questions(outbox, messages, clock)
        events = Events(db, bus, tally, config, clock)
        agents = Agents(db, bus, config, messages, events, clock)
        outbox.on_question(agents.question_changed)
        stats = Stats(db, agents, config, clock)
        sessions = Sessions(db, state / "operator-token", PASSWORD_HASH, clock)
        hive = Hive(config, bus, messages, questions, events, agents, sessions, boot="b1", version="v1")
        await hive.start()
        return Core(db, bus, outbox, messages, questions, events, agents, stats, sessions, hive)

    async with stack:
        yield start


@pytest.fixture
async def core(start_core: StartCore, hive_config: Callable[..., BrokerConfig]) -> Core:
    """The default hive: manager `boss`, agents `alice` and `bob`, no limits."""
    return await start_core(hive_config())


class Phone:
    """The notifications of a core, round by round."""

    def __init__(self, core: Core, config: BrokerConfig, clock: Clock, tasks: Tasks) -> None:
        ntfy = config.notifications.ntfy
        self.notifications = Notifications(
            core.db,
            core.bus,
            core.agents,
            tasks,
            config=ntfy,
            ntfy=None if ntfy is None else Ntfy(ntfy.url, None),
            base=None if ntfy is None else ntfy.dashboard_url,
            clock=clock,
        )

    async def settle(self) -> float | None:
        """Rounds until none has anything to do at once; the pause that the last one asked for."""
        for _ in range(200):
            pause = await self.notifications.round()
            if pause != 0.0:
                return pause
        pytest.fail("there is always something to do")

    async def rows(self) -> list[tuple[str, str, str]]:
        view = await self.notifications.view()
        return [(one.kind, one.item, one.state.value) for one in reversed(view.deliveries)]


StartPhone = Callable[..., Awaitable[tuple[Core, Phone]]]


@pytest.fixture
async def server() -> AsyncIterator[NtfyServer]:
    async with ntfy_server() as running:
        yield running


@pytest.fixture
async def start(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock, server: NtfyServer
) -> AsyncIterator[StartPhone]:
    """`await start(**fields of ntfy)`; again on the same directory, it is a restart."""
    async with AsyncExitStack() as stack:

        async def start_one(**changes: Any) -> tuple[Core, Phone]:
            ntfy = {
                "url": server.url,
                "token_credential": None,
                "delay_seconds": DELAY,
                "kinds": ["question", "message", "agent_failed", "agent_needs_login"],
                "dashboard_url": BASE,
            }
            config = hive_config(notifications={"ntfy": ntfy | changes})
            core = await start_core(config)
            tasks = Tasks()
            stack.push_async_callback(tasks.cancel)
            return core, Phone(core, config, clock, tasks)

        yield start_one


async def taken(subscription: Subscription[HiveFrame]) -> list[HiveFrame]:
    """Every frame that is queued in the subscription, which ends."""
    subscription.close()
    return [frame async for frame in subscription]
