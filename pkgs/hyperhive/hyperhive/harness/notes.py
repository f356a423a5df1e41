"""Care of an agent's `notes.md`: grown over its limit, it is rewritten shorter by a short-lived session."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.domain.compaction import Breaker
from hyperhive.domain.turns import Turn
from hyperhive.errors import UnavailableError
from hyperhive.harness.breaker import KeptBreaker
from hyperhive.harness.session import Session
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.events import TurnResult
from hyperhive.text import decoded, replaced_note

log = logging.getLogger(__name__)

NOTES: Final = "notes.md"
BACKUPS: Final = "notes-backup"

#: System prompt of the session that rewrites the notes; it has no tools.
SYSTEM_PROMPT: Final = (
    "You shorten an agent's notes. You get the whole file and answer with the new file and nothing else: no "
    "introduction, no code fence. Keep decisions, open tasks, names, paths, ids and whatever else the agent "
    "needs to go on; drop what is done, repeated or outdated. Aim at less than half the length."
)


@dataclass(frozen=True)
class Version:
    """Metadata by which a changed file is told from the one that was read."""

    size: int
    changed_ns: int


class NotesKeeper:
    """Compacts the notes when they are over the limit.

    The old file is kept in `notes-backup/` under its date, the new one takes its place in one step. An
    empty or not shorter answer, and a file that changed meanwhile, leave everything as it is; the same
    version is not tried twice, and what stays over the limit all the same not for ever.
    """

    def __init__(
        self,
        state_dir: Path,
        limit: int,
        make_session: Callable[[], Session],
        breaker: KeptBreaker,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Watch `state_dir/notes.md`; a `limit` of 0 bytes never compacts."""
        self._directory = state_dir
        self._limit = limit
        self._make_session = make_session
        self.breaker: Final = breaker
        self._clock = clock
        self._tried: Version | None = None

    async def size(self) -> int | None:
        """In bytes, None without a file."""
        seen = await asyncio.to_thread(self._version)
        return None if seen is None else seen.size

    async def due(self) -> bool:
        """Whether the file is over its limit, this version was not tried yet, and a try may bring a gain."""
        seen = await asyncio.to_thread(self._version) if self._limit else None
        if seen is None:
            return False
        if seen.size <= self._limit:
            await self.breaker.keep(Breaker())
            return False
        return seen != self._tried and (await self.breaker.now()).allows(seen.size)

    async def compact(self, transcript: Transcript) -> Turn:
        """Run the session and replace the file if its answer can be used; returns the session's turn."""
        before = await asyncio.to_thread(self._version)
        self._tried = before
        text = await asyncio.to_thread(self._read)
        session = self._make_session()
        transcript.start(f"compact {NOTES} ({len(text.encode())} bytes)", [])
        try:
            await session.connect()
            turn = await session.run(text, transcript)
        except UnavailableError as error:
            turn = transcript.broken(error.message)
        finally:
            await session.disconnect()
        if turn.result is TurnResult.OK and before is not None:
            await asyncio.to_thread(self._replace, before, text, transcript.answer)
        if turn.result in {TurnResult.OK, TurnResult.FAILED, TurnResult.TOO_LONG} and before is not None:
            gained = (await self.size() or 0) <= self._limit
            tried = (await self.breaker.now()).tried(before.size)
            await self.breaker.keep(tried.judged(gained=gained))
        return turn

    def _version(self) -> Version | None:
        try:
            found = (self._directory / NOTES).lstat()
        except OSError:
            return None
        return Version(found.st_size, found.st_mtime_ns)

    def _read(self) -> str:
        text, replaced = decoded((self._directory / NOTES).read_bytes())
        if replaced:
            log.warning("%s: %s; the backup keeps them", NOTES, replaced_note(replaced, "byte"))
        return text

    def _replace(self, before: Version, old: str, answer: str) -> None:
        new = answer.strip() + "\n"
        if not answer.strip() or len(new.encode()) >= len(old.encode()):
            log.warning("the notes stay as they are: the answer was empty or not shorter")
            return
        if self._version() != before:
            log.info("the notes stay as they are: they changed meanwhile")
            return
        notes = self._directory / NOTES
        backups = self._directory / BACKUPS
        backups.mkdir(exist_ok=True)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock()))
        fresh = self._directory / f".{NOTES}.new"
        fresh.write_text(new, encoding="utf-8")
        os.link(notes, backups / f"notes-{stamp}.md")
        fresh.replace(notes)
