"""The hive that is photographed: the demo's, at the moment when it waits for the operator."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from hyperhive.demo.run import Stage, play
from hyperhive.errors import UnavailableError
from hyperhive.system.admin import AdminClient
from hyperhive.system.tasks import Tasks
from hyperhive.up.processes import HiveProcesses

_STORY_SECONDS: Final = 180.0
_LOOK_SECONDS: Final = 0.2


@asynccontextmanager
async def waiting_hive() -> AsyncIterator[HiveProcesses]:
    """The demo, told until one agent has reported and another one's question is open.

    Raises:
        UnavailableError: The story did not come so far.
    """
    tasks = Tasks()
    up: asyncio.Future[HiveProcesses] = asyncio.get_running_loop().create_future()
    playing = tasks.start(play(Stage(None, 0, once=False), lambda _: None, up.set_result), "demo")
    try:
        await asyncio.wait({up, playing}, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()
        processes = up.result()
        await _told(AdminClient(processes.admin_socket))
        yield processes
    finally:
        await tasks.cancel()


async def _told(client: AdminClient) -> None:
    deadline = time.monotonic() + _STORY_SECONDS
    while not _waits(await asyncio.to_thread(client.get, "/api/state")):
        if time.monotonic() > deadline:
            raise UnavailableError(f"the story did not come so far within {_STORY_SECONDS:g} s")
        await asyncio.sleep(_LOOK_SECONDS)


def _waits(state: dict[str, Any]) -> bool:
    asked = any(one["state"] == "open" and one["target"] == "operator" for one in state["questions"])
    rests = all(agent["status"]["state"] == "idle" for agent in state["agents"])
    return asked and rests and bool(state["inbox"])
