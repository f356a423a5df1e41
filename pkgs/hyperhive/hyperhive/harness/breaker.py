"""A breaker that outlives its harness: a restart is no new try."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from hyperhive.domain.compaction import Breaker

log = logging.getLogger(__name__)

#: The model, and its breaker.
_KEPT: Final = TypeAdapter(tuple[str, Breaker])


class KeptBreaker:
    """Keeps a `Breaker` in a file, for one model: another one may be better at it."""

    def __init__(self, file: Path, model: Callable[[], str]) -> None:
        self._file: Final = file
        self._model = model
        self._kept: tuple[str, Breaker] | None = None

    async def now(self) -> Breaker:
        if self._kept is None:
            self._kept = await asyncio.to_thread(self._read)
        model, breaker = self._kept
        return breaker if model == self._model() else Breaker()

    async def keep(self, breaker: Breaker) -> None:
        if breaker != await self.now():
            self._kept = (self._model(), breaker)
            await asyncio.to_thread(self._write, self._kept)

    def _read(self) -> tuple[str, Breaker]:
        try:
            return _KEPT.validate_json(self._file.read_bytes())
        except (OSError, ValueError):
            return "", Breaker()

    def _write(self, kept: tuple[str, Breaker]) -> None:
        try:
            self._file.write_bytes(_KEPT.dump_json(kept))
        except OSError as error:
            log.warning("%s is not written: %s", self._file.name, error)
