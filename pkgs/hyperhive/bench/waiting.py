"""Waiting, within limits, until something has happened in another process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from hyperhive.errors import UnavailableError

_LOOK_SECONDS: Final = 0.02


async def until(true: Callable[[], Awaitable[bool]], within_seconds: float, what: str) -> None:
    """Look again and again until `true`.

    Raises:
        UnavailableError: It did not become true in time; the message begins with `what`.
    """
    deadline = time.monotonic() + within_seconds
    while not await true():
        if time.monotonic() > deadline:
            raise UnavailableError(f"{what} within {within_seconds:g} s")
        await asyncio.sleep(_LOOK_SECONDS)
