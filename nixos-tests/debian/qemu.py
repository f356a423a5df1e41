"""A virtual computer: one QEMU process over a disk that it does not change."""

import contextlib
import socket
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Final

from accelerator import QEMU, Accelerator, choose, flags
from errors import GuestError
from image import Disk
from qmp import Qmp, QmpError

SHELL_PORT: Final = "org.hyperhive.shell"
#: The machine's disk in its directory, with the states that were saved.
OVERLAY: Final = "overlay.qcow2"

_QUIT_SECONDS: Final = 5.0
#: On a busy host the kernel can take an emulated timer for broken, and look for another one for ever.
#: Emulation translates a program's code anew wherever it lies: with `norandmaps` it always lies in one place,
#: and a program starts three times as fast.
#: `init_on_alloc` would clear all memory that the kernel hands out, which slows every program down. Without
#: `rcu_expedited` the kernel waits some milliseconds wherever a mount or a network namespace goes.
_KERNEL: Final = (
    "root=/dev/vda rw console=ttyS0 quiet panic=-1 mitigations=off no_timer_check norandmaps init_on_alloc=0"
    " rcupdate.rcu_expedited=1"
)


class Qemu:
    """A computer that is off at first. What is written to its disk stays until the directory goes.

    Args:
        disk: Only read.
        directory: Empty, for the overlay, `console.log` and what QEMU itself says.
        memory_mib: Memory of the machine in MiB.
        cores: Its processors. When several computers play at once, a second one each costs more than it
            gives: while the host holds it up, the other one spins for what it has locked.
        accelerator: Null tries what works.
    """

    def __init__(
        self,
        disk: Disk,
        directory: Path,
        *,
        memory_mib: int = 4096,
        cores: int = 1,
        accelerator: Accelerator | None = None,
    ) -> None:
        self._disk = disk
        self._directory = directory
        self._memory_mib = memory_mib
        self._cores = cores
        self._given = accelerator
        self._overlay = directory / OVERLAY
        self._process: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None
        self._shell: socket.socket | None = None

    @cached_property
    def accelerator(self) -> Accelerator:
        """How its processor runs; asking for the first time may take seconds."""
        return self._given or choose(self._disk.kernel)

    @property
    def console(self) -> Path:
        """What the kernel and systemd said since the first start."""
        return self._directory / "console.log"

    @property
    def shell(self) -> socket.socket:
        """Channel to a root shell of the machine; another one after each `start` and `load`.

        Raises:
            GuestError: The computer is off.
        """
        if self._shell is None:
            raise GuestError("the machine is off")
        return self._shell

    def start(self) -> None:
        """Switch on, with the disk as it was left.

        Raises:
            GuestError: QEMU did not start.
        """
        self._run([])

    def save(self, name: str) -> None:
        """Keep the running machine's disk and memory under a name.

        Raises:
            GuestError: QEMU did not do it.
        """
        if self._qmp is None:
            raise GuestError("the machine is off")
        try:
            self._qmp.monitor(f"savevm {name}")
        except QmpError as error:
            raise GuestError(f"saving the machine: {error}") from error

    def load(self, name: str) -> None:
        """Go on from a saved state, whatever the machine does now: what is under way in its channels is lost.

        Raises:
            GuestError: QEMU did not do it.
        """
        # Into a new process: what was on its way to the old machine must not reach the shell of the new one.
        self.stop()
        self._run(["-loadvm", name])

    def wait(self, seconds: float) -> bool:
        """Wait until it is off; false when it is not by then."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.stop()
        return True

    def stop(self) -> None:
        """Pull the plug; nothing when it is off."""
        process, self._process = self._process, None
        if self._qmp is not None:
            # QEMU puts its own tables of the disk in order.
            with contextlib.suppress(QmpError):
                self._qmp.command("quit")
            self._qmp.close()
            self._qmp = None
        if self._shell is not None:
            self._shell.close()
            self._shell = None
        if process is not None:
            try:
                process.wait(_QUIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def command(self, shell: int, control: int, more: list[str]) -> list[str]:
        """The command line.

        Args:
            shell: Descriptor of the shell's channel.
            control: Descriptor of QEMU's control channel.
            more: Further arguments.
        """
        disk = f"file={self._overlay},format=qcow2,if=none,id=disk,cache=unsafe,discard=unmap"
        return [
            # A driver that is killed takes the machine with it.
            *("setpriv", "--pdeathsig=KILL"),
            *(QEMU, "-nodefaults", "-no-user-config", "-nographic"),
            *flags(self.accelerator),
            *("-m", str(self._memory_mib), "-smp", str(self._cores)),
            *("-kernel", str(self._disk.kernel), "-initrd", str(self._disk.initrd), "-append", _KERNEL),
            *("-drive", disk, "-device", "virtio-blk-pci,drive=disk"),
            *("-object", "rng-random,id=random,filename=/dev/urandom"),
            *("-device", "virtio-rng-pci,rng=random"),
            *("-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console"),
            *("-chardev", f"socket,id=shell,fd={shell}"),
            *("-device", "virtio-serial-pci", "-device", f"virtserialport,chardev=shell,name={SHELL_PORT}"),
            *("-chardev", f"socket,id=control,fd={control}", "-mon", "chardev=control,mode=control"),
            *more,
        ]

    def _run(self, more: list[str]) -> None:
        if self._process is not None:
            raise GuestError("the machine is on")
        self._make_overlay()
        self._shell, shell = socket.socketpair()
        control, theirs = socket.socketpair()
        self._qmp = Qmp(control)
        said = self._directory / "qemu.log"
        with shell, theirs, said.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command is our own
                self.command(shell.fileno(), theirs.fileno(), more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(shell.fileno(), theirs.fileno()),
            )
        try:
            self._qmp.greet()
        except QmpError as error:
            self.stop()
            raise GuestError(f"QEMU did not start: {said.read_text(errors='replace').strip()}") from error

    def _make_overlay(self) -> None:
        if self._overlay.exists():
            return
        command = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(self._disk.image)]
        subprocess.run([*command, str(self._overlay)], check=True)  # noqa: S603 - the command is our own


def version() -> str:
    """What QEMU says of itself; what one saved another may not be able to load."""
    command = [QEMU, "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - a fixed one
