"""The virtual computer of `make vm-test`, as far as it needs no machine to boot."""

import shutil
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.nixos import debian

accelerator = debian.load("accelerator")
errors = debian.load("errors")
image = debian.load("image")
qemu = debian.load("qemu")
qmp = debian.load("qmp")

KVM = accelerator.Accelerator.KVM
TCG = accelerator.Accelerator.TCG
PANIC = "print('Kernel panic - not syncing: VFS: Unable to mount root fs', flush=True)"

needs_qemu = pytest.mark.skipif(
    not all(map(shutil.which, (accelerator.QEMU, "qemu-img"))), reason="no QEMU: tools/install-vm installs it"
)


def python(program: str) -> list[str]:
    return [sys.executable, "-I", "-c", program]


@pytest.fixture
def disk(tmp_path: Path) -> Any:
    """A disk without anything on it, and a kernel that is none."""
    for name in ("disk.raw", "kernel", "initrd"):
        (tmp_path / name).write_bytes(bytes(4096))
    return image.Disk(tmp_path / "disk.raw", tmp_path / "kernel", tmp_path / "initrd")


def test_the_hosts_processor_is_used_where_it_works() -> None:
    assert accelerator.flags(KVM) == ["-machine", "q35,sata=off", "-accel", "kvm", "-cpu", "host"]


def test_an_emulated_processor_lacks_what_its_emulation_is_bad_at() -> None:
    flags = accelerator.flags(TCG)
    assert flags[:2] == ["-machine", "q35,sata=off"]
    assert flags[flags.index("-accel") + 1].startswith("tcg,thread=multi")
    model, *without = flags[flags.index("-cpu") + 1].split(",")
    assert (model, {"-cx16", "-erms", "-fsrm", "-la57"} <= set(without)) == ("max", True)


@pytest.mark.parametrize("chosen", [KVM, TCG])
def test_the_command_line_says_how_the_processor_runs(tmp_path: Path, disk: Any, chosen: Any) -> None:
    computer = qemu.Qemu(disk, tmp_path, memory_mib=512, cores=1, accelerator=chosen)
    command = computer.command(7, 8, ["-loadvm", "booted"])
    flags = accelerator.flags(chosen)
    start = command.index(flags[0])
    assert (computer.accelerator, command[start : start + len(flags)]) == (chosen, flags)


def test_the_command_line_has_the_machines_parts(tmp_path: Path, disk: Any) -> None:
    command = qemu.Qemu(disk, tmp_path, memory_mib=512, cores=1, accelerator=TCG).command(7, 8, [])
    pairs = set(pairwise(command))
    assert pairs >= {
        ("setpriv", "--pdeathsig=KILL"),
        ("-m", "512"),
        ("-smp", "1"),
        ("-kernel", str(disk.kernel)),
        ("-initrd", str(disk.initrd)),
        ("-chardev", "socket,id=shell,fd=7"),
        ("-device", "virtserialport,chardev=shell,name=org.hyperhive.shell"),
        ("-mon", "chardev=control,mode=control"),
    }
    # Not even a network card: what the machine can reach is inside of it.
    assert "-nodefaults" in command
    assert not {"-netdev", "-nic", "-net"} & set(command)


def test_without_the_device_nothing_is_tried(tmp_path: Path) -> None:
    assert accelerator.choose(tmp_path / "kernel", device=tmp_path / "kvm") == TCG


def test_a_kernel_that_looks_for_its_disk_has_booted() -> None:
    assert accelerator.boots(python(PANIC), 20.0)


def test_a_kernel_that_was_seen_to_boot_is_not_waited_for() -> None:
    begun = time.monotonic()
    assert accelerator.boots(python(f"{PANIC}; import time; time.sleep(60)"), 20.0)
    assert time.monotonic() - begun < 15


def test_a_machine_that_says_nothing_is_given_up_in_time() -> None:
    begun = time.monotonic()
    assert not accelerator.boots(python("import time; time.sleep(60)"), 0.3)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "program",
    [
        "import time; print('KVM internal error. Suberror: 1', flush=True); time.sleep(60)",
        "raise SystemExit('could not access KVM kernel module')",
    ],
    ids=["stopped", "ended"],
)
def test_a_machine_that_cannot_go_on_is_given_up_at_once(program: str) -> None:
    begun = time.monotonic()
    assert not accelerator.boots(python(program), 20.0)
    assert time.monotonic() - begun < 15


@needs_qemu
def test_the_trial_ends_within_its_time_whatever_this_host_can(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(bytes(4096))
    begun = time.monotonic()
    assert accelerator.choose(tmp_path / "kernel", seconds=1.0) == TCG
    assert time.monotonic() - begun < 15


@needs_qemu
def test_the_control_channel_answers_and_refuses() -> None:
    ours, theirs = socket.socketpair()
    command = [accelerator.QEMU, "-machine", "none", "-nodefaults", "-nographic", "-chardev"]
    command += [f"socket,id=control,fd={theirs.fileno()}", "-mon", "chardev=control,mode=control"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        with qmp.Qmp(ours) as control:
            control.greet()
            assert control.command("query-status")["status"] == "running"
            with pytest.raises(qmp.QmpError, match="no-such-command"):
                control.command("no-such-command")
            with pytest.raises(qmp.QmpError, match="loadvm nothing: "):
                control.monitor("loadvm nothing")
            control.command("quit")
            with pytest.raises(qmp.QmpError, match="has ended"):
                control.greet()
        assert process.wait(10) == 0


@needs_qemu
def test_a_machine_that_does_not_start_says_why_and_leaves_no_process(tmp_path: Path, disk: Any) -> None:
    computer = qemu.Qemu(disk, tmp_path, memory_mib=128, accelerator=TCG)
    with pytest.raises(errors.GuestError, match=r"QEMU did not start: .*kernel"):
        computer.start()
    assert computer.wait(0)
    with pytest.raises(errors.GuestError, match="off"):
        _ = computer.shell
    computer.stop()


def test_a_machine_that_is_off_cannot_be_saved(tmp_path: Path, disk: Any) -> None:
    with pytest.raises(errors.GuestError, match="off"):
        qemu.Qemu(disk, tmp_path, accelerator=TCG).save("booted")
