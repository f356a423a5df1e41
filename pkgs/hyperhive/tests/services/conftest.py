"""A core of the hive over a real database, without HTTP; blocking calls on its event loop fail."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from pydantic import TypeAdapter

from hyperhive.config import BrokerConfig
from hyperhive.domain.passwords import hash_password
from hyperhive.protocol.events import HiveFrame
from hyperhive.protocol.link import BrokerFrame
from hyperhive.protocol.messages import LeaseRequest, Message, SendRequest
from hyperhive.services.bus import StreamItem, Subscription
from hyperhive.services.composition import Services, build_services
from hyperhive.services.links import Link
from hyperhive.system.ntfy import Ntfy
from hyperhive.system.sockets import Peer
from hyperhive.system.supervisor import Supervised
from hyperhive.system.tasks import Tasks
from tests.conftest import Clock, HiveConfig
from tests.ntfy_server import NtfyServer, ntfy_server

PASSWORD = "correct horse"
#: Of the pushes that `start` makes: seconds, and where links lead.
DELAY = 60
BASE = "https://hive.example.org"
_HIVE_FRAME: TypeAdapter[HiveFrame] = TypeAdapter(HiveFrame)
PASSWORD_HASH = hash_password(PASSWORD, b"0123456789abcdef")


@dataclass(frozen=True, kw_only=True)
class Core(Services):
    """The services, and what tests do most."""

    async def say(self, sender: str, to: str, body: str = "hello") -> Message:
        """Send to one recipient and return the message."""
        [message] = (await self.messages.send(sender, SendRequest(to=to, body=body))).messages
        return await self.messages.get(message.id)

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
        tasks = Tasks()
        ntfy = config.notifications.ntfy
        services = build_services(
            config,
            clock,
            tasks,
            runtime=Supervised(Path(config.runtime_dir) / "supervisor.sock"),
            password_hash=PASSWORD_HASH,
            ntfy=None if ntfy is None else Ntfy(ntfy.url, None),
            remote_url=None,
            dashboard_port=lambda: 7000,
            boot="b1",
        )
        await stack.enter_async_context(services.db)
        stack.push_async_callback(tasks.cancel)
        await services.start()
        return Core(**vars(services))

    async with stack:
        yield start


@pytest.fixture
async def core(start_core: StartCore, hive_config: Callable[..., BrokerConfig]) -> Core:
    """The default hive: manager `boss`, agents `alice` and `bob`, no limits."""
    return await start_core(hive_config())


class PushedTo(Link):
    """A link that keeps what is pushed to it."""

    def __init__(self, peer: Peer | None = None) -> None:
        self.peer = peer
        self.frames: list[BrokerFrame] = []

    def push(self, frame: BrokerFrame) -> None:
        self.frames.append(frame)


class Phone:
    """The notifications of a core, round by round."""

    def __init__(self, core: Core) -> None:
        self.notifications = core.notifications

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
async def start(start_core: StartCore, hive_config: HiveConfig, server: NtfyServer) -> StartPhone:
    """`await start(**fields of ntfy)`; again on the same directory, it is a restart."""

    async def start_one(**changes: Any) -> tuple[Core, Phone]:
        fields = {"delay_seconds": DELAY, "dashboard_url": BASE} | changes
        core = await start_core(hive_config(notifications=server.settings(**fields)))
        return core, Phone(core)

    return start_one


def frame_of(item: StreamItem) -> HiveFrame:
    return _HIVE_FRAME.validate_json(item.data)


async def taken(subscription: Subscription) -> list[HiveFrame]:
    """Every frame that is queued in the subscription, which ends."""
    subscription.close()
    return [frame_of(item) async for item in subscription]
