"""The machine under test as scenarios see it: what scenarios/driver.pyi names of NixOS's test driver."""

import io
import shlex
import socket
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from errors import CommandError, GuestError
from shell import TOO_LONG, Outcome, Shell

#: Seconds between two looks, at least and at most.
_LOOK_SECONDS: Final = (0.3, 4.0)
_PANIC: Final = b"Kernel panic - not syncing"
_CONSOLE_END: Final = 65_536


class Computer(Protocol):
    """What carries a machine: a virtual computer that can be switched on and off."""

    @property
    def shell(self) -> socket.socket:
        """Channel to a root shell, while it is on."""

    @property
    def console(self) -> Path:
        """What the kernel and systemd say."""

    def start(self) -> None:
        """Switch on, with the disk as it was left."""

    def wait(self, seconds: float) -> bool:
        """Until it is off; false when it is not by then."""

    def stop(self) -> None:
        """Pull the plug."""


@dataclass(frozen=True)
class Patience:
    """How long a machine may take for what, in seconds; an emulated one on a busy host is slow."""

    command: float = 300.0
    wait: float = 300.0
    boot: float = 300.0

    def times(self, factor: float) -> "Patience":
        """As much more of everything."""
        return Patience(self.command * factor, self.wait * factor, self.boot * factor)


class Machine:
    """The machine under test; every command runs as root.

    Args:
        computer: Off or on; whoever made it ends it.
        log: Told what happens, a line or more each.
        patience: Where the scenario sets no `timeout` itself.
        scratch: Directory of the machine that is writable and always there.
    """

    def __init__(
        self,
        computer: Computer,
        log: Callable[[str], None],
        patience: Patience | None = None,
        scratch: str = "/run",
    ) -> None:
        self._computer = computer
        self._scratch = scratch
        self._log = log
        self._patience = patience or Patience()
        self._shell: Shell | None = None

    def start(self) -> None:
        """Switch the machine on, and wait for its shell; nothing when it is on."""
        if self._shell is not None:
            return
        with self._told("start"):
            self._computer.start()
            self.connect()

    def connect(self) -> None:
        """Take over a computer that is on."""
        shell = Shell(self._computer.shell, self._dead, self._scratch)
        shell.greet(self._patience.boot)
        self._shell = shell

    def shutdown(self) -> None:
        """Power the machine off in order; nothing when it is off."""
        if self._shell is not None:
            with self._told("shutdown"):
                self._shell.send("systemctl poweroff")
                self.wait_for_shutdown()

    def wait_for_shutdown(self) -> None:
        """Until the machine has powered off."""
        if self._shell is None:
            return
        if not self._computer.wait(self._patience.wait):
            raise GuestError(f"the machine was not off after {self._patience.wait:.0f} seconds")
        self._shell = None

    def crash(self) -> None:
        """Cut the power; nothing when it is off."""
        if self._shell is not None:
            with self._told("crash"):
                self._computer.stop()
                self._shell = None

    def execute(self, command: str, timeout: float | None = None) -> tuple[int, str]:
        """Exit code and standard output of a shell command."""
        outcome = self._run(command, timeout)
        return outcome.code, outcome.output

    def succeed(self, *commands: str, timeout: float | None = None) -> str:
        """Standard output of shell commands that must end with 0."""
        output = ""
        for command in commands:
            outcome = self._run(command, timeout)
            if outcome.code != 0:
                raise CommandError(f"command `{command}` failed (exit code {_code(outcome)})", _all(outcome))
            output += outcome.output
        return output

    def fail(self, *commands: str, timeout: float | None = None) -> str:
        """Standard output of shell commands that must not end with 0."""
        output = ""
        for command in commands:
            outcome = self._run(command, timeout)
            if outcome.code == 0:
                raise CommandError(f"command `{command}` unexpectedly succeeded", _all(outcome))
            output += outcome.output
        return output

    def wait_until_succeeds(self, command: str, timeout: float | None = None) -> str:
        """Standard output of a shell command, repeated until it ends with 0."""
        return self._repeat(command, timeout, success=True)

    def wait_until_fails(self, command: str, timeout: float | None = None) -> str:
        """Standard output of a shell command, repeated until it does not end with 0."""
        return self._repeat(command, timeout, success=False)

    def wait_for_unit(self, unit: str, timeout: float | None = None) -> None:
        """Until the unit is active.

        Raises:
            CommandError: It failed, nobody is about to start it, or it takes too long.
        """
        show = f"systemctl show --property=ActiveState --value {shlex.quote(unit)}"
        for _ in self._tries(f"unit {unit}", timeout):
            state = self.succeed(show).strip()
            if state == "active":
                return
            if state == "failed":
                raise CommandError(f'unit "{unit}" reached state "{state}"', self._status(unit))
            # Looked at again, as its job may have ended in between.
            if (
                state == "inactive"
                and "No jobs" in self.succeed("systemctl list-jobs 2>&1")
                and self.succeed(show).strip() == state
            ):
                raise CommandError(
                    f'unit "{unit}" is inactive and there are no pending jobs', self._status(unit)
                )

    def wait_for_open_port(self, port: int, addr: str = "localhost", timeout: float | None = None) -> None:
        """Until something listens on the TCP port of the address."""
        self.wait_until_succeeds(f"exec 3<>/dev/tcp/{addr}/{port}", timeout)

    def write(self, data: bytes, target: str) -> None:
        """Write a file of the machine, through a link if one is there; `target` is one shell word."""
        with self._told(f"write {target}"):
            self._connected().write(data, target, self._patience.command)

    def copy_from_host(self, source: str, target: str) -> None:
        """Copy a file or directory of this side to the machine, as root's, with its access rights."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w", dereference=True) as tar:
            tar.add(source, arcname=str(PurePosixPath(target).relative_to("/")), filter=_of_root)
        with self._told(f"copy {source} to {target}"):
            copy = f"{self._scratch}/driver-copy.tar"
            self._connected().write(archive.getvalue(), copy, self._patience.command)
            parent = shlex.quote(str(PurePosixPath(target).parent))
            self.succeed(
                f"mkdir --parents {parent}"
                f" && tar --extract --keep-directory-symlink --directory / --file {copy} && rm {copy}"
            )

    def _connected(self) -> Shell:
        self.start()
        assert self._shell is not None
        return self._shell

    def _run(self, command: str, timeout: float | None) -> Outcome:
        shell = self._connected()
        begun = time.monotonic()
        outcome = shell.run(command, self._patience.command if timeout is None else timeout)
        took = time.monotonic() - begun
        self._log(f"{command}\n-> {_code(outcome)} after {took:.2f} s\n{_all(outcome)}".rstrip())
        return outcome

    def _repeat(self, command: str, timeout: float | None, *, success: bool) -> str:
        what = f"{'success' if success else 'failure'} of `{command}`"
        seen = [""]
        for _ in self._tries(what, timeout, seen):
            outcome = self._run(command, self._patience.command if timeout is None else timeout)
            if (outcome.code == 0) == success:
                return outcome.output
            seen[0] = _all(outcome)
        raise AssertionError("tries end with an error")

    def _tries(self, what: str, timeout: float | None, seen: Sequence[str] = ("",)) -> Iterator[None]:
        """Once each time that it is worth another look, twice at least.

        Raises:
            CommandError: It took too long; with what was seen last.
        """
        seconds = self._patience.wait if timeout is None else timeout
        begun = looked = time.monotonic()
        deadline = begun + seconds
        yield
        while True:
            shortest, longest = _LOOK_SECONDS
            now = time.monotonic()
            # On an emulated processor every look holds up what is waited for.
            time.sleep(min(max(3 * (now - looked), (now - begun) / 8, shortest), longest))
            looked = time.monotonic()
            yield
            if looked > deadline:
                message = f"action timed out after {seconds:.0f} seconds: waiting for {what}"
                raise CommandError(message, seen[0])

    def _status(self, unit: str) -> str:
        return self._run(f"systemctl status --full --lines=30 {shlex.quote(unit)} || true", None).output

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self._log(f"({what}: {time.monotonic() - begun:.2f} s)")

    def _dead(self) -> str | None:
        console = self._computer.console
        if not console.exists():
            return None
        with console.open("rb") as file:
            file.seek(max(0, console.stat().st_size - _CONSOLE_END))
            return "the guest's kernel panicked" if _PANIC in file.read() else None


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _code(outcome: Outcome) -> str:
    return f"{outcome.code}: it took too long" if outcome.code == TOO_LONG else str(outcome.code)


def _all(outcome: Outcome) -> str:
    """Output and errors; each ends with a line end."""
    parts = [part.removesuffix("\n") + "\n" for part in (outcome.output, outcome.errors) if part]
    return "".join(parts)
