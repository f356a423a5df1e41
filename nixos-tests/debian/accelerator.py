"""How QEMU runs a machine's processor: by the host's, where that works, or emulated.

A host may have /dev/kvm and yet hang or end every machine, so a kernel is started to see.
"""

import os
import subprocess
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import Final

QEMU: Final = "qemu-system-x86_64"

_KVM: Final = Path("/dev/kvm")
#: A kernel without a disk gets there within a second or two.
_PROBE_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.1
_WORKS: Final = b"Kernel panic - not syncing: VFS: Unable to mount root fs"
_BROKEN: Final = b"KVM internal error"


class Accelerator(StrEnum):
    """What QEMU calls it."""

    KVM = "kvm"
    TCG = "tcg"


def flags(accelerator: Accelerator) -> list[str]:
    """What the command line says of machine type and processor."""
    match accelerator:
        case Accelerator.KVM:
            processor = ["-accel", "kvm", "-cpu", "host"]
        case Accelerator.TCG:
            # The emulated cmpxchg16b makes the kernel hang, and page tables of five levels cost time. With
            # `erms` and `fsrm` programs copy and clear memory by the one instruction that real processors
            # are quickest at; the emulation goes through it byte by byte.
            model = "max,-cx16,-la57,-svm,-erms,-fsrm"
            processor = ["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", model]
    return ["-machine", "q35,sata=off", *processor]


def choose(kernel: Path, *, device: Path = _KVM, seconds: float = _PROBE_SECONDS) -> Accelerator:
    """The fastest that works here.

    Args:
        kernel: Started for the trial.
        device: Without it, or without the right to use it, there is no trial.
        seconds: How long the trial may take.
    """
    if not os.access(device, os.R_OK | os.W_OK):
        return Accelerator.TCG
    command = [QEMU, *probe(kernel)]
    return Accelerator.KVM if boots(command, seconds) else Accelerator.TCG


def probe(kernel: Path) -> list[str]:
    """Arguments that start a kernel with nothing to do: it panics, and that ends QEMU."""
    bare = ["-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio", "-m", "256"]
    return [*flags(Accelerator.KVM), *bare, "-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"]


def boots(command: list[str], seconds: float) -> bool:
    """Whether a command says in time what a kernel without a disk says; its process is gone afterwards."""
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(  # noqa: S603 - the command is our own
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            deadline = time.monotonic() + seconds
            said = b""
            while _WORKS not in said and _BROKEN not in said and time.monotonic() < deadline:
                ended = process.poll() is not None
                said = os.pread(output.fileno(), 1 << 20, 0)
                if ended:
                    break
                time.sleep(_LOOK_SECONDS)
            process.kill()
        return _WORKS in said
