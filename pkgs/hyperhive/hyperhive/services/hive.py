"""The hive as a whole: start, the work of every second, and the snapshot for the operator's page."""

from typing import Final

from hyperhive.config import BrokerConfig
from hyperhive.protocol.events import HiveState, OperatorInfo
from hyperhive.protocol.messages import OPERATOR
from hyperhive.services.agents import Agents
from hyperhive.services.bus import Bus
from hyperhive.services.events import Events
from hyperhive.services.messages import Messages
from hyperhive.services.questions import Questions
from hyperhive.services.sessions import Sessions

#: Most messages of the flow, and of the inbox, in a snapshot, and most characters of their bodies: what
#: the page shows first must come quickly, whatever agents write.
FIRST_MESSAGES: Final = 100
FIRST_CHARACTERS: Final = 48 * 1024


class Hive:
    """All services together. The composition root awaits `start` once and `sweep` every second.

    Args:
        boot: Changes with every start of the broker.
        version: Of hyperhive.
    """

    def __init__(
        self,
        config: BrokerConfig,
        bus: Bus,
        messages: Messages,
        questions: Questions,
        events: Events,
        agents: Agents,
        sessions: Sessions,
        *,
        boot: str,
        version: str,
    ) -> None:
        self._operator = OperatorInfo(pronouns=config.operator.pronouns)
        self._bus = bus
        self._messages = messages
        self._questions = questions
        self._events = events
        self._agents = agents
        self._sessions = sessions
        self._boot = boot
        self._version = version

    async def start(self) -> None:
        """Take everything over from the store."""
        await self._sessions.start()
        await self._agents.start()
        await self._messages.start()

    async def sweep(self) -> None:
        """Leases and deadlines that have passed, and retention."""
        await self._messages.sweep()
        await self._questions.sweep()
        await self._events.sweep()
        await self._sessions.sweep()
        self._agents.sweep()

    async def state(self) -> HiveState:
        """The snapshot. Its `seq` is read first: what happens meanwhile comes as a frame as well."""
        seq, unread = self._bus.seq, self._messages.pending(OPERATOR)
        latest = await self._messages.page(limit=FIRST_MESSAGES, characters=FIRST_CHARACTERS)
        inbox = await self._messages.inbox(limit=FIRST_MESSAGES, characters=FIRST_CHARACTERS)
        questions = await self._questions.recent()
        return HiveState(
            seq=seq,
            boot=self._boot,
            version=self._version,
            operator=self._operator,
            agents=self._agents.views(),
            messages=latest.messages,
            messages_before=latest.next_before,
            inbox=inbox.messages,
            inbox_after=inbox.next_after,
            unread=unread,
            questions=questions,
        )
