"""The warm Claude Code session: connected once, a turn is one prompt and what comes back."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    Message,
    ResultMessage,
    SystemMessage,
)
from pydantic import TypeAdapter

from hyperhive.domain.silence import Silence
from hyperhive.domain.turns import Turn
from hyperhive.domain.usage import Usage
from hyperhive.errors import UnavailableError
from hyperhive.harness.conversation import drop_since
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.events import TurnResult
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Seconds an interrupted turn may take to end before the session is thrown away.
INTERRUPT_LIMIT: Final = 10.0

#: Seconds an idle session may take to answer what is not a turn.
CONTROL_LIMIT: Final = 20.0

#: Seconds between two looks whether the model still speaks, and those of a minute.
LOOK: Final = 5.0
MINUTE: Final = 60.0

#: Older SDKs answer for our MCP servers themselves, that their tools never change.
HEARS_OF_TOOLS: Final = find_spec("claude_agent_sdk._internal.sdk_mcp_bridge") is not None

#: Builds the options of a session that goes on with the given session id, or starts anew with None.
MakeOptions = Callable[[str | None], ClaudeAgentOptions]


@dataclass(frozen=True)
class _Memory:
    """What the file of a session keeps of its conversation."""

    session: str | None = None
    usage: Usage | None = None
    undone: str | None = None


_MEMORY: Final = TypeAdapter(_Memory)


class Session:
    """One Claude Code process and its conversation, which survives restarts through its session id."""

    def __init__(self, make_options: MakeOptions, memory: Path | None, silent_minutes: int = 0) -> None:
        """Keep the conversation's id in the file `memory`; None forgets it with the process.

        A model that says nothing for `silent_minutes` is told of, after twice that its turn is interrupted.
        """
        self._make_options = make_options
        self._memory = memory
        self._silent_minutes = silent_minutes
        self._tasks = Tasks()
        self._client: ClaudeSDKClient | None = None
        #: The conversation's running totals that turns were told of.
        self._booked = Usage()
        #: Uuid of the first prompt since the last turn that ended well, None after one.
        self._undone: str | None = None
        self._projects = Path()
        self.id: str | None = None
        #: What `use` chose; None leaves the model to the options.
        self.model: str | None = None
        #: MCP servers of which Claude Code does not know the newest tools.
        self._untold: set[str] = set()
        #: Called with the names of all tools that the session has, as often as it says so.
        self.on_tools: Callable[[list[str]], object] = lambda _: None
        #: Called when a turn has ended in whatever way.
        self.on_turn_end: Callable[[], object] = lambda: None

    @property
    def connected(self) -> bool:
        return self._client is not None

    @property
    def undone(self) -> bool:
        """Whether there is something in the conversation since its last turn that ended well."""
        return self._undone is not None

    async def connect(self) -> None:
        """Start Claude Code and go on with the last conversation; start a new one if that is gone.

        Raises:
            UnavailableError: Claude Code cannot be started; the message says why.
        """
        remembered = await asyncio.to_thread(self._recall)
        try:
            await self._start(remembered)
        except UnavailableError:
            if remembered.session is None:
                raise
            log.warning("conversation %s cannot be resumed, starting a new one", remembered.session)
            await self._start(_Memory())

    async def disconnect(self) -> None:
        """End the Claude Code process; the conversation can be resumed."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.disconnect()
            except Exception as error:  # noqa: BLE001 - as in `run`
                log.warning("Claude Code did not end cleanly: %s", error)

    async def use(self, model: str) -> None:
        """Use this model from the next turn on, in this process and those to come."""
        self.model = model
        if self._client is None:
            return
        try:
            async with asyncio.timeout(CONTROL_LIMIT):
                await self._client.set_model(model)
        except Exception as error:  # noqa: BLE001 - as in `run`
            log.warning("the model cannot be changed in the running session, restarting it: %s", error)
            await self.disconnect()

    async def renew(self) -> None:
        """End the conversation; `connect` begins a new one."""
        await self.disconnect()
        self.id = self._undone = None
        if self._memory is not None:
            await asyncio.to_thread(self._memory.unlink, missing_ok=True)

    async def go_back(self) -> None:
        """Take what came since the last turn that ended well out of the conversation.

        A prompt that failed would be in every later request, and make those fail, too. The process, which
        has it in memory, ends; `connect` goes on from there, or begins anew where there was no such turn.
        """
        await self.disconnect()
        if self._undone is None or self.id is None:
            return
        try:
            left = await asyncio.to_thread(drop_since, self._projects, self.id, self._undone)
        except OSError as error:
            log.warning("conversation %s cannot be cut, a new one begins: %s", self.id, error)
            left = False
        if not left:
            await self.renew()
            return
        self._undone = None
        await self._save()

    async def context(self) -> tuple[int, int] | None:
        """Tokens in the context and its size, as the idle session counts them; None if it cannot."""
        if self._client is None:
            return None
        try:
            async with asyncio.timeout(CONTROL_LIMIT):
                usage = await self._client.get_context_usage()
            return int(usage["totalTokens"]), int(usage["maxTokens"])
        except Exception as error:  # noqa: BLE001 - as in `run`
            log.warning("the session does not say how full it is: %s", error)
            return None

    async def tell_new_tools(self, server: str) -> None:
        """Have Claude Code list the tools of one of our MCP servers once more, also within a turn."""
        if self._client is None:
            return
        if not HEARS_OF_TOOLS:
            self._untold.add(server)
            return
        try:
            # The SDK drops what a server of ours tells by itself; Claude Code takes it on this way.
            message = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
            told = {"subtype": "mcp_message", "server_name": server, "message": message}
            await _control(self._client, told)
        except Exception as error:  # noqa: BLE001 - as in `run`
            log.info("Claude Code hears of new tools of %s after the turn: %s", server, error)
            self._untold.add(server)

    async def run(self, prompt: str, transcript: Transcript, *, command: bool = False) -> Turn:
        """Run one turn. It always returns a `Turn`; a session that broke is disconnected.

        The prompt is delivered as written, no `@path` or `/command` in it counts, unless it is a `command`
        of Claude Code itself, such as `/compact`. A prompt that failed does not stay in the conversation,
        unless something was done in its turn and the prompt need not be why it failed.
        """
        if self._untold and self._client is not None:
            # A new process lists all tools; within a turn it would break calls off.
            self._untold.clear()
            await self.disconnect()
            try:
                await self.connect()
            except UnavailableError as error:
                return transcript.broken(str(error))
        client = self._client
        if client is None:
            return transcript.broken("Claude Code is not running")
        turn = await self._play(client, prompt, transcript, command=command)
        if command or turn.result is TurnResult.CANCELLED:
            return turn
        if turn.result is not TurnResult.OK and (turn.by_prompt or not turn.tools):
            await self.go_back()
        return turn

    async def _play(
        self, client: ClaudeSDKClient, prompt: str, transcript: Transcript, *, command: bool
    ) -> Turn:
        message = _user_message(prompt, verbatim=not command)
        if not command and self._undone is None:
            self._undone = message["uuid"]
            await self._save()
        try:
            await client.query(_stream(message))
            async with aclosing(_received(client)) as messages, self._listening(transcript):
                async for received in messages:
                    before = transcript.is_given_up
                    transcript.add(received)
                    if transcript.is_given_up and not before:
                        self._tasks.start(self.interrupt(), "interrupt")
                    if isinstance(received, SystemMessage) and received.subtype == "init":
                        self.on_tools(received.data.get("tools") or [])
                    if isinstance(received, ResultMessage):
                        return await self._ended(received, transcript, command=command)
        except Exception as error:
            # The SDK raises bare exceptions, too: when the process dies, when a control request times out.
            log.exception("the session broke in a turn")
            await self.disconnect()
            return transcript.broken(f"Claude Code failed: {error!s:.500}", by_prompt=True)
        finally:
            self.on_turn_end()
        await self.disconnect()
        return transcript.broken("Claude Code ended in the middle of the turn", by_prompt=True)

    async def interrupt(self, within_seconds: float = INTERRUPT_LIMIT) -> None:
        """Ask the running turn to stop; end the process if it does not listen."""
        if self._client is None:
            return
        try:
            async with asyncio.timeout(within_seconds):
                await self._client.interrupt()
        except Exception as error:  # noqa: BLE001 - as in `run`
            log.warning("the turn cannot be interrupted, ending the session: %s", error)
            await self.disconnect()

    @asynccontextmanager
    async def _listening(self, transcript: Transcript) -> AsyncGenerator[None]:
        listening = self._tasks.start(self._listen(transcript), "silence") if self._silent_minutes else None
        try:
            yield
        finally:
            if listening is not None:
                listening.cancel()

    async def _listen(self, transcript: Transcript) -> None:
        """Tell of a silent model, and interrupt its turn when it stays silent."""
        minutes, limit = self._silent_minutes, self._silent_minutes * MINUTE
        silence = Silence(time.monotonic())
        told = False
        while silence.seconds < 2 * limit:
            await asyncio.sleep(min(LOOK, limit / 10))
            silence.look(time.monotonic(), transcript.heard, busy=transcript.busy)
            if silence.seconds >= limit and not told:
                # Short enough for the column of `hyperhive status`.
                after = f"interrupted after {2 * minutes}, mail comes again"
                transcript.silent(f"no answer for {minutes} min: {after}")
            told = silence.seconds >= limit
        transcript.given_up(f"the model did not answer for {2 * minutes} min")
        await self.interrupt()

    async def _ended(self, message: ResultMessage, transcript: Transcript, *, command: bool) -> Turn:
        turn = transcript.end(message, self._booked, command=command)
        # The result of a failure may be empty; the next one that is not tells all since the last.
        self._booked = Usage.read(message.total_cost_usd, message.model_usage) or self._booked
        self.id = message.session_id
        if turn.result is TurnResult.OK and not command:
            self._undone = None
        await self._save()
        return turn

    async def _start(self, memory: _Memory) -> None:
        options = self._make_options(memory.session)
        client = ClaudeSDKClient(options if self.model is None else replace(options, model=self.model))
        try:
            await client.connect()
        except Exception as error:
            raise UnavailableError(f"Claude Code cannot be started: {error}") from error
        self._client = client
        self._booked = Usage() if memory.session is None else await _totals(client, memory.usage)
        self.id, self._undone = memory.session, memory.undone
        home = options.env.get("CLAUDE_CONFIG_DIR") or Path(options.env["HOME"], ".claude")
        self._projects = Path(home, "projects")

    async def _save(self) -> None:
        if self._memory is None or self.id is None:
            return
        try:
            await asyncio.to_thread(self._remember, self._memory)
        except OSError as error:
            # A full disk must not look like a turn that failed for its prompt.
            log.warning("the conversation will not be found after a restart: %s", error)

    def _remember(self, memory: Path) -> None:
        """Write all in one step: a half-written file would lose the conversation."""
        fresh = memory.with_name(f".{memory.name}.new")
        fresh.write_bytes(_MEMORY.dump_json(_Memory(self.id, self._booked, self._undone)))
        fresh.replace(memory)

    def _recall(self) -> _Memory:
        if self._memory is None:
            return _Memory()
        try:
            return _MEMORY.validate_json(self._memory.read_bytes())
        except (OSError, ValueError):
            return _Memory()


async def _totals(client: ClaudeSDKClient, booked: Usage | None) -> Usage:
    """What of a resumed conversation's running totals is told already; its next result has the rest.

    A process that ended well hands on its totals, with those of a turn that never had a result; one that was
    killed hands on what it had begun with, and old releases begin at 0. So Claude Code is asked: what it
    has lost must not be taken off, and what is not `booked` yet is still to be told.
    """
    try:
        async with asyncio.timeout(CONTROL_LIMIT):
            answer = await _control(client, {"subtype": "get_usage", "skip_behaviors": True})
        session = answer["session"]
        totals = Usage.read(session["total_cost_usd"], session["model_usage"])
    except Exception as error:  # noqa: BLE001 - as in `run`
        if "Unsupported control request" in str(error):
            return Usage()
        log.warning("the session does not say what it has cost so far: %s", error)
        return booked or Usage()
    return totals if booked is None else totals.least(booked)


async def _control(client: ClaudeSDKClient, request: dict[str, Any]) -> Any:
    """The answer to what the SDK has no method for."""
    query: Any = client._query  # noqa: SLF001 - as said
    return await query._send_control_request(request)  # noqa: SLF001 - as said


def _user_message(prompt: str, *, verbatim: bool) -> dict[str, Any]:
    return {
        "type": "user",
        "message": {"role": "user", "content": prompt},
        "parent_tool_use_id": None,
        # The entry in the conversation's file gets it.
        "uuid": str(uuid.uuid4()),
        "client_composed": verbatim,
    }


async def _stream(message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield message


async def _received(client: ClaudeSDKClient) -> AsyncGenerator[Message]:
    """The SDK's messages as a generator that can be closed where the turn ends."""
    async for message in client.receive_messages():
        yield message
