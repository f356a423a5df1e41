"""The operator's commands to a session, kept until it is free: a model, a compaction, a new session."""

import asyncio
import contextlib

from hyperhive.protocol.link import Compact, NewSession, SessionCommand, UseModel


class PendingCommands:
    """What is to be done before the next turn. The same command twice is one."""

    def __init__(self, model: str) -> None:
        #: What the session is to use.
        self.model = model
        self._waiting: list[Compact | NewSession] = []
        self._news = asyncio.Event()

    def add(self, command: SessionCommand) -> bool:
        """Keep a command; False when it changes nothing."""
        if isinstance(command, UseModel):
            if command.model == self.model:
                return False
            self.model = command.model
        elif command in self._waiting:
            return False
        else:
            self._waiting.append(command)
        self._news.set()
        return True

    def next(self, *, running: bool = True) -> Compact | NewSession | None:
        """Hand out the oldest command, None when there is none; without a `running` session no compaction."""
        self._news.clear()
        for place, command in enumerate(self._waiting):
            if running or isinstance(command, NewSession):
                return self._waiting.pop(place)
        return None

    async def within(self, seconds: float) -> None:
        """Return as soon as there is a command that `next` was not asked for, or after the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
