"""A core of the hive over a real database, without HTTP; blocking calls on its event loop fail."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

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
from hyperhive.services.outbox import Outbox
from hyperhive.services.questions import Questions
from hyperhive.services.sessions import Sessions
from hyperhive.services.stats import Stats
from hyperhive.services.tally import Tally
from hyperhive.store.database import Database
from tests.conftest import Clock

PASSWORD = "correct horse"
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


async def taken(subscription: Subscription[HiveFrame]) -> list[HiveFrame]:
    """Every frame that is queued in the subscription, which ends."""
    subscription.close()
    return [frame async for frame in subscription]
