"""Notifications: notes what begins to wait for the operator, and pushes what still waits after a while."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.config import NtfyConfig
from hyperhive.domain import notifications as rules
from hyperhive.domain.notifications import NotificationDiff
from hyperhive.domain.timing import DAY, Backoff, SlidingWindow
from hyperhive.errors import ConflictError
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.bus import AgentChanged, MessageChanged, Notice, QuestionChanged
from hyperhive.protocol.messages import OPERATOR, MessageState
from hyperhive.protocol.notifications import (
    Delivery,
    DeliveryState,
    NotificationsView,
    NtfyView,
    Push,
    PushTest,
)
from hyperhive.protocol.questions import Question
from hyperhive.services.agents import Agents
from hyperhive.services.bus import Bus
from hyperhive.store import notifications as store
from hyperhive.store import questions
from hyperhive.store.database import Database
from hyperhive.store.notifications import NewDelivery, Settled, Unread
from hyperhive.store.transaction import Transaction
from hyperhive.system.ntfy import Answer, Ntfy, Reception
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Deliveries that are listed, and settled ones that are kept.
LATEST: Final = 50
KEPT: Final = 1000
#: Most messages that are noted at a time; of more than that the newest.
_MOST_NOTED: Final = 500
#: Delays in seconds between two questions to a server in trouble, and how long one item is tried.
_FIRST_RETRY: Final = 5.0
_SLOWEST_RETRY: Final = 300.0
_GIVE_UP: Final = float(DAY)
#: Seconds between two rounds at least, and after one that failed.
_LEAST_PAUSE: Final = 0.2
_AFTER_FAILURE: Final = 10.0


@dataclass(frozen=True)
class _Snapshot:
    rows: list[Delivery]
    questions: list[Question]
    messages: list[Unread]
    parked: list[tuple[int, str, str, str]]
    floors: dict[str, int]


@dataclass
class _Trouble:
    """Why the server is left alone, and until when; empty while it works."""

    reason: str = ""
    until: float = 0.0


class Notifications:
    """Pushes through ntfy; without a configuration nothing is noted and nothing is sent.

    Args:
        tasks: Lets a push that was begun be recorded.
        config: What is sent, and when; None for nothing.
        ntfy: The server; as `config`.
        base: Where links lead, None for no links.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        agents: Agents,
        tasks: Tasks,
        *,
        config: NtfyConfig | None,
        ntfy: Ntfy | None,
        base: str | None,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._bus = bus
        self._agents = agents
        self._tasks = tasks
        self._config = config
        self._ntfy = ntfy
        self._base = base
        self._clock = clock
        self._pushes = SlidingWindow(rules.PUSHES_PER_MINUTE)
        self._backoff = Backoff(_FIRST_RETRY, _SLOWEST_RETRY)
        self._trouble = _Trouble()
        self._states: dict[str, AgentState] = {}
        self._parked: set[int] = set()
        self._refusing = False
        self._testing = False
        self._due = asyncio.Event()
        if config is not None:
            bus.subscribe(MessageChanged, self._heard)
            bus.subscribe(QuestionChanged, self._heard)
            bus.subscribe(AgentChanged, self._heard)
            bus.subscribe(Notice, self._heard)

    async def run(self) -> None:
        """Runs as long as the broker."""
        while self._config is not None:
            # What happens from here on is either in the look or makes another round due.
            self._due.clear()
            try:
                pause = await self.round()
            except Exception:
                # The disk or the server may be back soon; items must not wait for a restart.
                log.exception("notifications failed")
                pause = _AFTER_FAILURE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._due.wait()
            await asyncio.sleep(_LEAST_PAUSE)

    async def round(self) -> float | None:
        """Look, note what changed, and push one thing if anything is due.

        Returns the seconds after which there is something to do even if nothing happens; None for never.
        """
        if self._config is None or self._ntfy is None:
            return None
        now = self._clock()
        found = await self._look(self._config, now)
        if await self._note(found, self._config, now):
            return 0.0
        if not found.due:
            return None if found.next_at is None else found.next_at - now
        if now < self._trouble.until:
            return self._trouble.until - now
        left = self._pushes.left(now)
        if not left:
            return self._pushes.frees_at(now) - now
        if left == 1 and len(found.due) > 1:
            items = [item for _, item in found.due]
            push = rules.push_of_many(items, self._base)
            rows = [row for row, _ in found.due]
        else:
            [row, item], *_ = found.due
            rows, push = [row], rules.push_of(item, self._base)
        # A push that was begun is recorded, also when the broker stops meanwhile.
        await self._tasks.complete(self._send(self._ntfy, rows, push), "a push")
        return 0.0

    async def view(self) -> NotificationsView:
        return NotificationsView(ntfy=self._shown(), deliveries=await self._db.read(store.latest, LATEST))

    async def test(self) -> PushTest:
        """A `ConflictError` without a server to push to, or while another test is on its way."""
        if self._ntfy is None:
            raise ConflictError("notifications.ntfy is not set: there is nowhere to push to")
        if self._testing:
            raise ConflictError("a test is on its way; wait for it")
        self._testing = True
        try:
            push = rules.push_of_test(self._base)
            answer = await self._ntfy.publish(push)
        finally:
            self._testing = False
        taken = answer.reception is Reception.TAKEN
        if taken and self._trouble.reason:
            self._works()
            # Heard by the operator, and by `run`: what was left for later goes on at once.
            self._bus.publish(Notice("info", "The ntfy server takes pushes again."))
        state = DeliveryState.SENT if taken else DeliveryState.FAILED
        settled = Settled(state, self._clock(), "" if taken else answer.said)
        await self._db.commit(_record_test, push.title, settled)
        return PushTest(ok=taken, said=answer.said)

    def _shown(self) -> NtfyView | None:
        config = self._config
        if config is None:
            return None
        return NtfyView(
            url=config.url,
            delay_seconds=config.delay_seconds,
            kinds=config.kinds,
            link=self._base,
            trouble=self._trouble.reason,
            resumes_at=self._trouble.until if self._trouble.reason else None,
        )

    async def _look(self, config: NtfyConfig, now: float) -> NotificationDiff:
        views = self._agents.views()
        self._states = {view.name: rules.noticed(view.status) for view in views}
        seen = await self._db.read(_snapshot)
        self._parked = {number for number, *_ in seen.parked}
        stuck = (rules.of_agent(view.name, view.status, view.since) for view in views)
        items = [
            *map(rules.of_question, seen.questions),
            *(rules.of_message(one.id, one.sender, one.body, one.sent_at) for one in seen.messages),
            *(rules.of_parked(*one, now) for one in seen.parked),
            *filter(None, stuck),
        ]
        return rules.compare(
            seen.rows,
            [item for item in items if item.kind in config.kinds],
            seen.floors,
            {view.name for view in views if view.status.state in rules.UNDECIDED},
            now,
        )

    async def _note(self, found: NotificationDiff, config: NtfyConfig, now: float) -> bool:
        """False when nothing changed."""
        new = [
            NewDelivery(item.kind, item.key, item.title, item.opened_at, item.due_at(config.delay_seconds))
            for item in found.new
        ]
        late = [row for row, _ in found.due if row.error and now - row.due_at > _GIVE_UP]
        if not (new or found.over or late):
            return False
        await self._db.commit(_note, new, found.over, late)
        return True

    async def _send(self, ntfy: Ntfy, rows: Sequence[Delivery], push: Push) -> None:
        ids, now = [row.id for row in rows], self._clock()
        # Before it is made: a store that takes nothing must not let a phone ring again and again.
        await self._db.commit(store.note_attempt, ids)
        self._pushes.take(now)
        answer = await ntfy.publish(push)
        now = self._clock()
        if answer.reception is Reception.LATER:
            self._leave_alone(answer, now)
            await self._db.commit(store.note_trouble, ids, answer.said)
            return
        taken = answer.reception is Reception.TAKEN
        if not taken and not self._refusing:
            self._bus.publish(Notice("error", f"The ntfy server refused a push: {answer.said}"))
        self._refusing = not taken
        # A refusal of one push says nothing about the next one.
        self._works()
        settled = Settled(
            DeliveryState.SENT if taken else DeliveryState.FAILED,
            now,
            "" if taken else answer.said,
            summed=len(ids) > 1,
            recurring=rules.RECURRING,
        )
        await self._db.commit(store.settle, ids, settled)

    def _works(self) -> None:
        self._backoff.reset()
        self._trouble = _Trouble()

    def _leave_alone(self, answer: Answer, now: float) -> None:
        if not self._trouble.reason:
            self._bus.publish(Notice("warning", f"The ntfy server takes no pushes now: {answer.said}"))
        pause = self._backoff.next()
        self._trouble = _Trouble(answer.said, now + (pause if answer.pause is None else answer.pause))

    def _heard(self, event: MessageChanged | QuestionChanged | AgentChanged | Notice) -> None:
        if self._concerns(event):
            self._due.set()

    def _concerns(self, event: MessageChanged | QuestionChanged | AgentChanged | Notice) -> bool:
        match event:
            case MessageChanged(message):
                parked = message.state is MessageState.PARKED or message.id in self._parked
                return parked or message.recipient == OPERATOR
            case QuestionChanged(question):
                return question.target == OPERATOR
            case AgentChanged(name):
                status = self._agents.status(name)
                return status is None or rules.matters(self._states.get(name), rules.noticed(status))
            case Notice():
                return True


def _snapshot(connection: sqlite3.Connection) -> _Snapshot:
    rows = store.tracked(connection)
    floors = {kind: store.floor(connection, kind) for kind in ("question", "message")}
    noted = [int(row.item) for row in rows if row.kind == "message"]
    # One character more, so that it is known that a text goes on; of four bytes each at most.
    beginning = 4 * (rules.TEXT_READ + 1)
    asked = questions.open_for(connection, OPERATOR)
    return _Snapshot(
        rows=rows,
        questions=[question for question in asked if question.target == OPERATOR],
        messages=store.unread(connection, OPERATOR, noted, floors["message"], _MOST_NOTED, beginning),
        parked=store.parked(connection),
        floors=floors,
    )


def _note(
    tx: Transaction, new: Sequence[NewDelivery], over: Sequence[Delivery], late: Sequence[Delivery]
) -> None:
    store.release(tx, [row.id for row in over if row.state is not DeliveryState.PENDING])
    store.settle(tx, [row.id for row in over], Settled(DeliveryState.SKIPPED, tx.now))
    for row in late:
        error = f"given up after a day: {row.error}"
        store.settle(tx, [row.id], Settled(DeliveryState.FAILED, tx.now, error, recurring=rules.RECURRING))
    store.insert(tx, new)
    if new:
        store.purge(tx, KEPT)


def _record_test(tx: Transaction, title: str, settled: Settled) -> None:
    store.record_test(tx, title, settled)
    store.purge(tx, KEPT)
