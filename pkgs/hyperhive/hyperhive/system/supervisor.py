"""The supervisor's socket, from the broker's side: `hyperhive up` starts and stops the agents' processes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import aiohttp
from pydantic import ValidationError

from hyperhive.errors import RemoteError, UnavailableError, UnitFailedError
from hyperhive.protocol.lifecycle import OPERATION_SECONDS, UnitMap, UnitState, UnitStatus, Verb

_STATUS_SECONDS: Final = 10.0


def supervisor_socket(runtime_dir: Path) -> Path:
    return runtime_dir / "supervisor.sock"


def process_of(name: str) -> str:
    return f"process {name}"


class Supervised:
    """Asks the `hyperhive up` that started this broker and listens on the socket at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def unknown(self, name: str, reason: str) -> UnitStatus:
        return UnitStatus(unit=process_of(name), state=UnitState.UNKNOWN, reason=reason)

    async def act(self, verb: Verb, name: str) -> None:
        """A `UnitFailedError` when refused or out of time, an `UnavailableError` when nobody listens."""
        await self._call("POST", f"/agents/{name}/{verb}", OPERATION_SECONDS)

    async def status(self, names: Iterable[str]) -> dict[str, UnitStatus]:
        """By the agents' names; errors as in `act`."""
        try:
            answer = UnitMap.model_validate_json(await self._call("GET", "/agents", _STATUS_SECONDS))
        except ValidationError as error:
            raise UnitFailedError(f"{self._path}: the supervisor's answer makes no sense") from error
        return {
            name: answer.units.get(name) or self.unknown(name, "the supervisor does not know it")
            for name in names
        }

    async def control_group(self, name: str) -> str | None:  # noqa: ARG002 - as every runtime has it
        """None: a process is in the group of whoever started it."""
        return None

    async def _call(self, method: str, route: str, seconds: float) -> bytes:
        limit = aiohttp.ClientTimeout(total=seconds)
        connector = aiohttp.UnixConnector(path=str(self._path))
        try:
            async with (
                aiohttp.ClientSession("http://supervisor", connector=connector, timeout=limit) as session,
                session.request(method, route) as response,
            ):
                raw = await response.read()
        except TimeoutError:
            raise UnitFailedError(
                f"{self._path}: {method} {route} did not end within {seconds:g} seconds"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise UnavailableError(
                f"no supervisor answers on {self._path}: agents that are processes are started and stopped "
                f"by the `hyperhive up` (or `demo`) that runs the broker ({_reason(error)})"
            ) from error
        if response.status != 200:
            raise UnitFailedError(RemoteError.from_answer("the supervisor", response.status, raw).message)
        return raw


def _reason(error: Exception) -> str:
    cause = getattr(error, "os_error", error)
    return (isinstance(cause, OSError) and cause.strerror) or str(error) or type(error).__name__
