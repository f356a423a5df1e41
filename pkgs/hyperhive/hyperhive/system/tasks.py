"""Background tasks: the only place that starts them; each has a name, a reference and a logged failure."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from hyperhive.errors import HyperhiveError

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


class Tasks:
    """The background tasks of one component, which ends them with `cancel` or `finish`."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, ResultT], name: str) -> asyncio.Task[ResultT]:
        """A failure is logged under `name`."""
        task = self._create(coroutine, name)
        task.add_done_callback(_log_failure)
        return task

    async def complete(self, coroutine: Coroutine[Any, Any, ResultT], name: str) -> ResultT:
        """Wait for `coroutine`, which runs to its end even when the caller is cancelled meanwhile.

        A failure goes to the caller; it is logged only when the caller has gone.
        """
        task = self._create(coroutine, name)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_log_failure)
            raise

    async def finish(self, within_seconds: float) -> None:
        """Wait for everything that runs; what is left after `within_seconds` is cancelled."""
        if self._running:
            await asyncio.wait(self._running, timeout=within_seconds)
        await self.cancel()

    async def cancel(self) -> None:
        current = asyncio.current_task()
        running = [task for task in self._running if task is not current]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    def _create(self, coroutine: Coroutine[Any, Any, ResultT], name: str) -> asyncio.Task[ResultT]:
        task = asyncio.create_task(coroutine, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


def _log_failure(task: asyncio.Task[Any]) -> None:
    if task.cancelled():
        return
    match task.exception():
        case None:
            pass
        case HyperhiveError() as error:
            log.info("%s: %s", task.get_name(), error)
        case ConnectionError() as error:
            log.debug("%s: %s", task.get_name(), error)
        case error:
            log.error("%s failed", task.get_name(), exc_info=error)
