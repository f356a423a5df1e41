"""The turn loop: mail wakes the session, a good turn acks it, anything else gives it back."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from hyperhive.config import AgentConfig
from hyperhive.domain.compaction import Breaker
from hyperhive.domain.prompts import wake_prompt
from hyperhive.domain.timing import Backoff
from hyperhive.domain.turns import RATE_LIMIT_PAUSE, Turn, found_too_much, should_compact
from hyperhive.errors import HyperhiveError, UnavailableError
from hyperhive.harness.breaker import KeptBreaker
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.inbox import TurnInbox
from hyperhive.harness.notes import NotesKeeper
from hyperhive.harness.pending_commands import PendingCommands
from hyperhive.harness.session import Session
from hyperhive.harness.status import DailyUse, StatusBoard
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.events import Level, NewEvent, Note, TurnEnd, TurnResult
from hyperhive.protocol.link import Cancel, Compact, SessionCommand, UseModel, Wake, Welcome
from hyperhive.protocol.messages import Message
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Most messages that one wake brings; more are waiting for `recv` or the next turn.
WAKE_BATCH: Final = 8
#: Seconds that giving back the running turn's mail may take when the harness ends.
GIVE_BACK_LIMIT: Final = 2.0
#: Seconds between two tries of an agent that needs a login.
LOGIN_RETRY: Final = 60.0

#: Most seconds that a time given from outside parks an agent: every calendar has a date for its end.
LONGEST_PARK: Final = 100 * 366 * 86_400.0

#: What the log says when a command has to wait for the end of a turn.
_LATER: Final = {
    "compact": "the session is compacted after this turn",
    "new_session": "a new session begins after this turn",
}

#: Failures of a message from which on no compaction is tried to make it fit.
TRIES_TO_FIT: Final = 2

SAVE_NOTES: Final = (
    "This is hyperhive, not mail: your context is nearly full and will be compacted after this turn. "
    "Write what you must not forget into notes.md now, then end the turn."
)

#: Ends of a try to compact that speak of the try; a rate limit or a cancel does not.
_NO_GAIN: Final = frozenset({TurnResult.FAILED, TurnResult.TOO_LONG})

#: What the operator can do when compacting does not help any more.
_OFFER: Final = "/new-session on the agent's page begins with an empty context"
_CONTEXT_STAYS_FULL: Final = (
    "compacting twice did not make enough room in the context; it is tried again when a tenth more is in it. "
    f"{_OFFER}, and so may another model help"
)
_NOTES_STAY_LONG: Final = (
    "rewriting notes.md twice did not bring it below its limit; it is tried again when it has grown by a "
    "tenth. Shorten it in the agent's terminal, or raise notes.compact_above_bytes"
)


class Runner:
    """Runs one agent's turns, one after the other, until it is cancelled."""

    def __init__(
        self,
        agent: AgentConfig,
        client: BrokerClient,
        inbox: TurnInbox,
        session: Session,
        *,
        board: StatusBoard,
        notes: NotesKeeper,
        breaker: KeptBreaker,
        emit: Callable[[NewEvent], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._agent = agent
        self._client = client
        self._inbox = inbox
        self._session = session
        self._board = board
        self._notes = notes
        self._breaker = breaker
        self._emit = emit
        self._clock = clock
        self._use = DailyUse(agent.budget, clock)
        self._tasks = Tasks()
        self._pending = PendingCommands(agent.model)
        self._due = asyncio.Event()
        self._mail = False
        self._rest_at = 0
        #: What was there when the running turn was cancelled, its own mail included.
        self._known_mail = 0
        self._failures = Backoff(1, 300)
        self._login_failures = 0
        self._ends: list[NewEvent] = []
        self.transcript: Transcript | None = None

    def on_frame(self, frame: Welcome | Wake | Cancel | SessionCommand) -> None:
        """Take a frame of the broker; never blocks."""
        match frame:
            case Welcome():
                self._use.set(frame.turns_today, frame.cost_today_usd)
                self._on_command(UseModel(model=frame.model))
                self._on_pending(frame.pending)
            case Wake():
                self._on_pending(frame.pending)
            case Cancel():
                self._tasks.start(self._cancel(frame.pending), "cancel-turn")
            case _:
                self._on_command(frame)

    def emit(self, event: NewEvent) -> None:
        """Publish an event of the running turn and show its tool; its end waits for `_publish_end`."""
        if isinstance(event.data, TurnEnd):
            self._ends.append(event)
            return
        self._emit(event)
        self._board.watch(event)

    def note(self, level: Level, text: str) -> None:
        """Write a line into the agent's log."""
        note = Note(level=level, text=text[:2000])
        self._emit(NewEvent(ts=self._clock(), turn=self._inbox.turn, data=note))

    async def run(self) -> None:
        """Connect the session; serve mail and commands until cancelled. A running turn's mail goes back."""
        try:
            await self._connect()
            while True:
                self._board.show(AgentState.IDLE, await self._idle_reason())
                await self._due.wait()
                self._due.clear()
                mail, self._mail = self._mail, False
                await self._apply_commands()
                while mail and await self._next_turn():
                    pass
                if await self._notes.due() and not self._use.exceeded():
                    await self._compact_notes()
        finally:
            await self._tasks.cancel()
            # A broker that is away requeues what nobody holds by itself: no reason to stay for it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GIVE_BACK_LIMIT):
                    await self._inbox.finish(ok=False)
            if self.transcript is not None:
                # A process in the middle of a turn ends at once when it is asked to stop first.
                await self._session.interrupt(within_seconds=1)
            await self._session.disconnect()

    def _on_pending(self, pending: int) -> None:
        if pending > self._rest_at:
            self._rest_at = 0
            self._mail = True
            self._due.set()

    def _on_command(self, command: SessionCommand) -> None:
        if not self._pending.add(command):
            return
        self._due.set()
        if self.transcript is not None and command.type in _LATER:
            self.note("info", _LATER[command.type])

    async def _idle_reason(self) -> str:
        if self._rest_at:
            return "the last turn was cancelled; waits for the next message"
        return f"compacting does not help any more: {_OFFER}" if (await self._breaker.now()).stopped else ""

    async def _connect(self) -> None:
        backoff = Backoff(1, 60)
        while not self._session.connected:
            try:
                await self._session.connect()
            except UnavailableError as error:
                delay = backoff.next()
                log.warning("%s; next try in %.0f s", error, delay)
                self._board.show(AgentState.FAILED, str(error), until=self._clock() + delay)
                await self._pending.within(delay)
                await self._apply_commands(connect=False)

    async def _next_turn(self) -> bool:
        """Run one turn if there is mail. Returns whether to look for more at once."""
        await self._apply_commands()
        if reason := self._use.exceeded():
            await self._park(AgentState.OVER_BUDGET, reason, self._use.ends)
            return True
        await self._connect()
        turn_id = self._inbox.begin()
        try:
            leased = await self._inbox.take(WAKE_BATCH)
        except HyperhiveError as error:
            log.warning("no mail could be taken: %s", error)
            # It may be leased all the same, and what nobody has seen must not be held: it goes back now, or
            # with the link's next hello, which does not name the turn any more.
            await self._inbox.finish(ok=False)
            return False
        if not leased.messages:
            return False
        turn = await self._run_turn(turn_id, leased.messages, leased.pending)
        return await self._settle(turn)

    async def _run_turn(self, turn_id: str, messages: Sequence[Message], pending: int) -> Turn:
        blamed = any(message.failures for message in messages)
        if self._session.undone and (blamed or not any(message.redelivered for message in messages)):
            # A harness that was killed left the prompt of mail that may be why, or that is parked by now.
            await self._session.go_back()
            await self._connect()
        prompt = wake_prompt(messages, pending)
        ids = [message.id for message in messages]
        turn = await self._prompt(turn_id, prompt, ids)
        if turn.result is not TurnResult.TOO_LONG:
            return turn
        fits_never = any(message.failures >= TRIES_TO_FIT for message in messages)
        compacts = self._session.id is not None and not fits_never
        if compacts and await self._may_compact(self._board.status.context_used):
            self.note("warning", "the context is full: compacting, then the same prompt once more")
            tried = (await self._breaker.now()).tried(self._board.status.context_used or 0)
            await self._connect()
            compacted = await self._compact(turn_id)
            turn = await self._prompt(turn_id, prompt, ids)
            # Still too long after a good compaction, it says nothing about the next one.
            if turn.result is TurnResult.OK or compacted.result in _NO_GAIN:
                await self._breaker.keep(tried.judged(gained=turn.result is TurnResult.OK))
            if turn.result is not TurnResult.TOO_LONG or compacted.result is not TurnResult.OK:
                return turn
        # The conversation alone was not too long at its last good turn: the prompt is.
        await self._session.go_back()
        return replace(turn, by_prompt=True)

    async def _may_compact(self, used: int | None) -> bool:
        """Whether a compaction may gain anything; says once that it may not."""
        allowed = (await self._breaker.now()).allows(used or 0)
        if not allowed:
            await self._say_once(self._breaker, _CONTEXT_STAYS_FULL)
        return allowed

    async def _say_once(self, breaker: KeptBreaker, text: str) -> None:
        now = await breaker.now()
        if now.stopped and not now.told:
            self.note("warning", text)
            await breaker.keep(replace(now, told=True))

    async def _prompt(self, turn_id: str, prompt: str, messages: list[int], *, command: bool = False) -> Turn:
        doing = "compacting the session" if command else ""
        self._board.show(AgentState.WORKING, doing, turn=turn_id)
        self.transcript = Transcript(turn_id, self.emit, self._clock)
        self.transcript.start(prompt, messages)
        turn = await self._session.run(prompt, self.transcript, command=command)
        self.transcript = None
        await self._publish_end()
        self._use.add(turn)
        self._board.learn(turn, self._session.id)
        return turn

    async def _compact(self, turn_id: str) -> Turn:
        turn = await self._prompt(turn_id, "/compact", [], command=True)
        # Its own end does not say what is left in the context.
        if turn.result is TurnResult.OK and (context := await self._session.context()):
            self._board.use_context(*context)
        return turn

    async def _apply_commands(self, *, connect: bool = True) -> None:
        """Do what the operator asked for; without `connect` only what needs no running session."""
        if self._pending.model != self._board.status.model:
            await self._session.use(self._pending.model)
            self._board.use_model(self._pending.model)
        while (command := self._pending.next(running=connect)) is not None:
            if isinstance(command, Compact):
                await self._compact_as_asked()
            else:
                await self._new_session(connect=connect)

    async def _compact_as_asked(self) -> None:
        if reason := self._use.exceeded():
            self.note("warning", f"the session was not compacted: {reason}")
            return
        await self._connect()
        turn = await self._compact(self._inbox.begin())
        await self._inbox.finish(ok=turn.result is TurnResult.OK)
        if turn.result is not TurnResult.OK:
            self.note("error", f"the session was not compacted: {turn.error or turn.result.value}")

    async def _new_session(self, *, connect: bool) -> None:
        old = self._session.id
        await self._session.renew()
        await self._breaker.keep(Breaker())
        self._board.forget()
        self._board.show(AgentState.STARTING, "a new session")
        before = f"; the one before was {old}" if old else ""
        self.note("info", f"a new session begins{before}")
        if connect:
            await self._connect()

    async def _settle(self, turn: Turn) -> bool:
        """Ack or give back, then rest as long as the result asks for."""
        ok = turn.result is TurnResult.OK
        settled = await self._inbox.finish(ok=ok, failed=turn.error if turn.by_prompt else None)
        if not settled:
            log.warning("the broker did not take the end of the turn; its mail will come again")
        match turn.result:
            case TurnResult.OK:
                self._failures.reset()
                self._login_failures = 0
                await self._compact_if_needed(turn)
            case TurnResult.CANCELLED:
                return not await self._rest()
            case TurnResult.RATE_LIMITED:
                until = turn.resets_at or self._clock() + RATE_LIMIT_PAUSE
                await self._park(AgentState.RATE_LIMITED, turn.error, until)
            case TurnResult.UNAUTHENTICATED:
                await self._login_failed(turn)
            case _:
                # Time does not change a prompt, and the broker counts how often it failed.
                pause = 0.0 if turn.by_prompt and settled else self._failures.next()
                await self._park(AgentState.FAILED, turn.error, self._clock() + pause, least=pause)
        return True

    async def _rest(self) -> bool:
        """After a cancelled turn, leave its mail in the queue until something new arrives."""
        try:
            pending = (await self._client.me()).pending
        except HyperhiveError:
            return False
        if pending > self._known_mail:
            # Something new came before the turn had ended.
            return False
        self._rest_at, self._mail = pending, False
        return True

    async def _login_failed(self, turn: Turn) -> None:
        """Try once more, as a token refresh may be under way; then wait for a login."""
        self._login_failures += 1
        await self._session.disconnect()
        if self._login_failures > 1:
            detail = f"Claude refused the credentials: {turn.error}"
            await self._park(AgentState.NEEDS_LOGIN, detail, self._clock() + LOGIN_RETRY)

    async def _park(self, state: AgentState, detail: str, until: float, *, least: float = 1.0) -> None:
        until = min(max(until, self._clock() + least), self._clock() + LONGEST_PARK)
        self._board.show(state, detail, until=until)
        self.note("warning", f"{state.value.replace('_', ' ')}: {detail}")
        # Another model, or a session without what made this one fail, may be all that it takes.
        await self._pending.within(until - self._clock())

    async def _compact_if_needed(self, turn: Turn) -> None:
        percent = self._agent.context.compact_above_percent
        if turn.context_found and percent:
            gained = not found_too_much(turn, percent)
            await self._breaker.keep((await self._breaker.now()).judged(gained=gained))
        if not should_compact(turn, percent) or not await self._may_compact(turn.context_used):
            return
        turn_id = self._inbox.begin()
        self.note("info", f"context {turn.context_used} of {turn.context_max} tokens: compacting")
        last = saved = await self._prompt(turn_id, SAVE_NOTES, [])
        if saved.result is TurnResult.OK:
            last = await self._compact(turn_id)
        tried = (await self._breaker.now()).tried(turn.context_used or 0)
        if last.result in _NO_GAIN:
            await self._breaker.keep(tried.judged(gained=False))
        elif last.result is TurnResult.OK:
            # What is left is known when the next turn begins.
            await self._breaker.keep(tried)
        await self._inbox.finish(ok=saved.result is TurnResult.OK)

    async def _compact_notes(self) -> None:
        turn_id = self._inbox.begin()
        self._board.show(AgentState.WORKING, "compacting notes", turn=turn_id)
        self._use.add(await self._notes.compact(Transcript(turn_id, self.emit, self._clock)))
        await self._publish_end()
        await self._say_once(self._notes.breaker, _NOTES_STAY_LONG)
        await self._inbox.finish(ok=True)

    async def _publish_end(self) -> None:
        """Publish the end of the turn, with the size that the notes have after it."""
        size = await self._notes.size()
        while self._ends:
            end = self._ends.pop(0)
            data = end.data.model_copy(update={"notes_bytes": size})
            self._emit(end.model_copy(update={"data": data}))

    async def _cancel(self, pending: int) -> None:
        if self.transcript is not None:
            self._known_mail = pending + self._inbox.seen
            self.transcript.cancelled()
            await self._session.interrupt()
