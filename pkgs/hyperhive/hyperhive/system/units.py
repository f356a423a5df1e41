"""systemd units of agents' containers: `systemctl start`, `stop`, `restart` and one `show` for all of them.

systemd asks polkit, whose rule lets the broker's user do exactly this to exactly these units.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import Final

from hyperhive.errors import UnavailableError, UnitFailedError
from hyperhive.protocol.lifecycle import OPERATION_SECONDS, UnitState, UnitStatus, Verb

_SHOW_SECONDS: Final = 20.0
_SHOWN: Final = ("Id", "LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus")
#: systemctl's own words in an error, in characters.
_WORDS_LIMIT: Final = 600

#: The environment of systemctl besides PATH: one language, no colours, a bus elsewhere only if told so. In a
#: chroot it would do nothing and call that a success; a unit that sees only its own /proc looks like one.
_SETTINGS: Final = {"LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "SYSTEMD_IGNORE_CHROOT": "1"}
_PASSED: Final = ("PATH", "DBUS_SYSTEM_BUS_ADDRESS")

_STATES: Final = {
    "active": UnitState.RUNNING,
    "reloading": UnitState.RUNNING,
    "refreshing": UnitState.RUNNING,
    "inactive": UnitState.STOPPED,
    "failed": UnitState.FAILED,
    "activating": UnitState.STARTING,
    "deactivating": UnitState.STOPPING,
}

#: What systemd's property Result says, in words.
_RESULTS: Final = {
    "exit-code": "its main process ended with status {status}",
    "signal": "its main process was killed by signal {status}",
    "core-dump": "its main process crashed with signal {status}",
    "timeout": "it did not start or stop in time",
    "watchdog": "it did not answer in time",
    "oom-kill": "it used too much memory and was killed",
    "start-limit-hit": "it failed too often in a short time",
    "resources": "the system lacked the resources to start it",
    "protocol": "it ended before it said that it was ready",
    "exec-condition": "its start condition failed",
}


def unit_of(name: str) -> str:
    return f"container@h-{name}.service"


class Units:
    """One systemd unit per agent.

    Args:
        program: systemctl.
        seconds: How long one start, stop or restart may take.
    """

    def __init__(self, program: str = "systemctl", seconds: float = OPERATION_SECONDS) -> None:
        self._program = program
        self._seconds = seconds

    def unknown(self, name: str, reason: str) -> UnitStatus:
        return UnitStatus(unit=unit_of(name), state=UnitState.UNKNOWN, reason=reason)

    async def act(self, verb: Verb, name: str) -> None:
        """Returns when systemd's job has ended.

        A `UnitFailedError` says that systemd or polkit refused, the job failed, or it took too long; an
        `UnavailableError` that there is no systemctl.
        """
        unit = unit_of(name)
        try:
            code, _, words = await self._run([verb.value, unit, "--no-ask-password"], self._seconds)
        except TimeoutError:
            raise UnitFailedError(
                f"systemctl {verb} {unit} did not end within {self._seconds:g} seconds; systemd goes on"
            ) from None
        if code != 0:
            raise UnitFailedError(f"systemctl {verb} {unit}: {words or f'ended with code {code}'}")

    async def status(self, names: Iterable[str]) -> dict[str, UnitStatus]:
        """By the agents' names; errors as in `act`."""
        units = {name: unit_of(name) for name in names}
        if not units:
            return {}
        output = await self._show(_SHOWN, units.values())
        found = {fields.get("Id", ""): fields for fields in _blocks(output)}
        return {name: _status(unit, found.get(unit, {})) for name, unit in units.items()}

    async def control_group(self, name: str) -> str | None:
        """None while there is none; errors as in `act`."""
        output = await self._show(("Id", "ControlGroup"), [unit_of(name)])
        return next((fields.get("ControlGroup") or None for fields in _blocks(output)), None)

    async def _show(self, properties: Iterable[str], units: Iterable[str]) -> str:
        try:
            command = ["show", f"--property={','.join(properties)}", *units]
            code, output, words = await self._run(command, _SHOW_SECONDS)
        except TimeoutError:
            raise UnitFailedError(f"systemctl show did not end within {_SHOW_SECONDS:g} seconds") from None
        if code != 0:
            raise UnitFailedError(f"systemctl show: {words or f'ended with code {code}'}")
        return output

    async def _run(self, arguments: list[str], seconds: float) -> tuple[int, str, str]:
        environment = {name: os.environ[name] for name in _PASSED if name in os.environ} | _SETTINGS
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise UnavailableError(f"cannot run {self._program}: {error.strerror}") from error
        try:
            async with asyncio.timeout(seconds):
                output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                # Only the one who waits is ended; the job is systemd's.
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        words = " ".join(errors.decode(errors="replace").split())[:_WORDS_LIMIT]
        return process.returncode or 0, output.decode(errors="replace"), words


def _blocks(output: str) -> Iterable[dict[str, str]]:
    """The properties of each unit; systemctl puts an empty line between units."""
    for block in output.split("\n\n"):
        yield dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _status(unit: str, fields: Mapping[str, str]) -> UnitStatus:
    loaded, active = fields.get("LoadState", ""), fields.get("ActiveState", "")
    state = _STATES.get(active, UnitState.UNKNOWN)
    if not active:
        return UnitStatus(unit=unit, state=state, reason=f"systemd says nothing of {unit}")
    if loaded != "loaded" and state is UnitState.STOPPED:
        what = "there is no unit" if loaded == "not-found" else f"systemd says {loaded} of"
        return UnitStatus(unit=unit, state=UnitState.FAILED, reason=f"{what} {unit}")
    if fields.get("SubState", "").startswith("auto-restart"):
        return UnitStatus(unit=unit, state=UnitState.RETRYING, reason=f"{_why(fields)}; starts again")
    reason = _why(fields) if state is UnitState.FAILED else ""
    return UnitStatus(unit=unit, state=state, reason=reason)


def _why(fields: Mapping[str, str]) -> str:
    result, status = fields.get("Result", ""), fields.get("ExecMainStatus", "?")
    words = _RESULTS.get(result, "").format(status=status)
    if result == "exit-code" and status == "0":
        words = "a command before or after its main process failed"
    return f"{result}: {words}" if words else result
