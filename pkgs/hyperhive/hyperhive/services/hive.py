"""The hive as the operator's page sees it: a snapshot, and numbered frames of what changes after it."""

from collections.abc import Callable
from typing import Final

from hyperhive.config import BrokerConfig
from hyperhive.protocol.bus import AgentChanged, MessageChanged, Notice, QuestionChanged
from hyperhive.protocol.events import (
    AgentFrame,
    HiveFrame,
    HiveState,
    MessageFrame,
    NoticeFrame,
    OperatorInfo,
    QuestionFrame,
)
from hyperhive.protocol.messages import OPERATOR, MessageState
from hyperhive.services.agents import Agents
from hyperhive.services.bus import Backlog, Bus, StreamItem, Subscription
from hyperhive.services.messages import Messages
from hyperhive.services.questions import Questions

#: Most messages of the flow, and of the inbox, in a snapshot, and most characters of their bodies: what
#: the page shows first must come quickly, whatever agents write.
FIRST_MESSAGES: Final = 90
FIRST_CHARACTERS: Final = 48 * 1024


class HiveView:
    """What the page starts from, and its stream.

    Args:
        clock: Seconds since 1970. Frames are numbered without gaps from its milliseconds on, so that
            numbers also grow over restarts of the broker.
        boot: Changes with every start of the broker.
    """

    def __init__(
        self,
        config: BrokerConfig,
        bus: Bus,
        messages: Messages,
        questions: Questions,
        agents: Agents,
        clock: Callable[[], float],
        *,
        boot: str,
        version: str,
    ) -> None:
        self._operator = OperatorInfo(pronouns=config.operator.pronouns)
        self._messages = messages
        self._questions = questions
        self._agents = agents
        self._boot = boot
        self._version = version
        self._seq = int(clock() * 1000)
        self._watchers: set[Subscription] = set()
        bus.subscribe(MessageChanged, self._message_changed)
        bus.subscribe(QuestionChanged, self._question_changed)
        bus.subscribe(AgentChanged, self._agent_changed)
        bus.subscribe(Notice, self._noticed)

    @property
    def seq(self) -> int:
        return self._seq

    def watch(self, backlog: Backlog | None = None) -> Subscription:
        """Frames from entering the subscription on; `backlog` is that of the browser, if it has several."""
        return Subscription(self._watchers, backlog)

    async def state(self) -> HiveState:
        """The snapshot. Its `seq` is read first: what happens meanwhile comes as a frame as well."""
        seq, unread = self._seq, self._messages.pending(OPERATOR)
        latest = await self._messages.page(limit=FIRST_MESSAGES, characters=FIRST_CHARACTERS)
        inbox = await self._messages.inbox(limit=FIRST_MESSAGES, characters=FIRST_CHARACTERS)
        parked = await self._messages.page(
            limit=FIRST_MESSAGES, characters=FIRST_CHARACTERS, state=MessageState.PARKED
        )
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
            parked=parked.messages,
            parked_before=parked.next_before,
            questions=questions,
        )

    def _message_changed(self, changed: MessageChanged) -> None:
        unread = self._messages.pending(OPERATOR)
        self._offer(lambda seq: MessageFrame(seq=seq, data=changed.message, unread=unread))

    def _question_changed(self, changed: QuestionChanged) -> None:
        self._offer(lambda seq: QuestionFrame(seq=seq, data=changed.question))

    def _agent_changed(self, changed: AgentChanged) -> None:
        if changed.name in self._agents.roster.agents:
            self._offer(lambda seq: AgentFrame(seq=seq, data=self._agents.view(changed.name)))

    def _noticed(self, notice: Notice) -> None:
        self._offer(lambda seq: NoticeFrame(seq=seq, level=notice.level, text=notice.text))

    def _offer(self, build: Callable[[int], HiveFrame]) -> None:
        """Number a frame, and make it if anybody looks: an agent's view is the dearest part of a send."""
        self._seq += 1
        if self._watchers:
            frame = build(self._seq)
            item = StreamItem(frame.seq, frame.kind, frame.model_dump_json().encode())
            for watcher in tuple(self._watchers):
                watcher.offer(item)
