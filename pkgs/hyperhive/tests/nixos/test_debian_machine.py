"""The machine that scenarios see on Debian, with a bash of this user in the place of a virtual one."""

import base64
import shlex
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nixos import debian

if not debian.DIRECTORY.is_dir():
    pytest.skip(f"no {debian.DIRECTORY}", allow_module_level=True)

errors: Any = debian.load("errors")
machines: Any = debian.load("machine")


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[debian.LocalComputer]:
    with debian.LocalComputer(tmp_path) as computer:
        yield computer


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def machine(computer: debian.LocalComputer, log: list[str], tmp_path: Path) -> Any:
    patience = machines.Patience(command=10.0, wait=1.0, boot=10.0)
    return machines.Machine(computer, log.append, patience, str(tmp_path))


def test_a_command_starts_the_machine_and_gives_its_exit_code_and_output(
    machine: Any, computer: debian.LocalComputer
) -> None:
    assert machine.execute("echo out; echo err >&2; exit 3") == (3, "out\n")
    assert machine.execute("true") == (0, "")
    assert computer.starts == 1


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("echo a; false; echo b", (1, "a\n")),
        ("false | true", (1, "")),
        ("echo $unset", (1, "")),
        ("printf 'no line end'", (0, "no line end")),
        ("printf '\\377'", (0, "\ufffd")),
        ('echo "it\'s" \'"$HOME"\'', (0, 'it\'s "$HOME"\n')),
        ("cat", (0, "")),
        ("exec >&-; exit 5", (5, "")),
        ("kill -KILL $$", (137, "")),
        ("echo 'two\nlines'", (0, "two\nlines\n")),
        ("echo Grüße", (0, "Grüße\n")),
    ],
)
def test_commands_run_as_with_the_driver_of_nixos(
    machine: Any, command: str, outcome: tuple[int, str]
) -> None:
    assert machine.execute(command) == outcome


def test_megabytes_of_output_come_whole(machine: Any) -> None:
    output = machine.succeed("head --bytes=3000000 /dev/zero | tr '\\0' x")
    assert len(output) == 3_000_000
    assert set(output) == {"x"}


def test_a_command_that_fails_is_told_with_all_that_it_said(machine: Any, log: list[str]) -> None:
    with pytest.raises(errors.CommandError) as failed:
        machine.succeed("true", "echo said; echo complained >&2; exit 4")
    assert str(failed.value) == ("command `echo said; echo complained >&2; exit 4` failed (exit code 4)")
    assert failed.value.output == "said\ncomplained\n"
    assert log[-1].startswith("echo said; echo complained >&2; exit 4\n-> 4 after ")
    assert log[-1].endswith("\nsaid\ncomplained")


def test_a_command_that_should_fail_and_does_not_is_told(machine: Any) -> None:
    assert machine.fail("echo refused; exit 1") == "refused\n"
    with pytest.raises(errors.CommandError, match=r"^command `echo done` unexpectedly succeeded$"):
        machine.fail("echo done")


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(machine: Any, tmp_path: Path) -> None:
    begun = time.monotonic()
    code, output = machine.execute("echo begun; sleep 61.25 | sleep 61.25", timeout=1)
    assert (code, output) == (124, "begun\n")
    assert time.monotonic() - begun < 5
    assert machine.execute("pgrep --full --exact 'sleep 61.25'")[0] == 1


def test_after_a_command_that_took_too_long_the_next_one_gets_its_own_answer(machine: Any) -> None:
    machine.execute("sleep 60", timeout=1)
    assert machine.succeed("echo next") == "next\n"


def test_a_process_that_is_left_behind_with_its_output_elsewhere_does_not_block(machine: Any) -> None:
    machine.succeed("sleep 60 >/dev/null 2>&1 & echo $! > pid")
    machine.succeed("kill $(cat pid)")


def test_waiting_ends_when_a_command_succeeds_or_fails(machine: Any, tmp_path: Path) -> None:
    machine.succeed("(sleep 0.3; touch made) >/dev/null 2>&1 &")
    assert machine.wait_until_succeeds("test -e made && echo there", timeout=10) == "there\n"
    machine.succeed("(sleep 0.3; rm made) >/dev/null 2>&1 &")
    assert machine.wait_until_fails("echo looked; test -e made", timeout=10) == "looked\n"


def test_waiting_gives_up_and_shows_the_last_answer(machine: Any) -> None:
    with pytest.raises(errors.CommandError) as failed:
        machine.wait_until_succeeds("echo not yet; false")
    assert str(failed.value) == (
        "action timed out after 1 seconds: waiting for success of `echo not yet; false`"
    )
    assert failed.value.output == "not yet\n"


def test_waiting_for_a_unit_ends_when_it_is_active(machine: Any, computer: debian.LocalComputer) -> None:
    computer.program(
        "systemctl",
        'case $1 in list-jobs) echo "1 jobs listed." ;;'
        " *) echo x >>looks; case $(wc --lines <looks) in 1) echo inactive ;;"
        " 2) echo activating ;; *) echo active ;; esac ;; esac",
    )
    machine.wait_for_unit("hive.service", timeout=10)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("failed", 'unit "hive.service" reached state "failed"'),
        ("inactive", 'unit "hive.service" is inactive and there are no pending jobs'),
        ("activating", "action timed out after 1 seconds: waiting for unit hive.service"),
    ],
)
def test_waiting_for_a_unit_gives_up(
    machine: Any, computer: debian.LocalComputer, state: str, message: str
) -> None:
    shown = f'list-jobs) echo "No jobs running." ;; status) echo why ;; *) echo {state} ;;'
    computer.program("systemctl", f"case $1 in {shown} esac")
    with pytest.raises(errors.CommandError) as failed:
        machine.wait_for_unit("hive.service")
    assert str(failed.value) == message


def test_waiting_for_a_port_ends_when_somebody_listens(machine: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        machine.wait_for_open_port(server.getsockname()[1], addr="127.0.0.1")
        port = server.getsockname()[1]
    with pytest.raises(errors.CommandError, match="action timed out"):
        machine.wait_for_open_port(port, addr="127.0.0.1")


def test_files_and_directories_are_copied_with_their_rights(machine: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "below").mkdir(parents=True)
    (source / "program").write_bytes(bytes(range(256)) * 4096)
    (source / "program").chmod(0o750)
    (source / "below" / "text").write_text("x")
    machine.copy_from_host(str(source), f"{tmp_path}/a/copy")
    machine.copy_from_host(str(source / "below" / "text"), f"{tmp_path}/b/text")
    copy = tmp_path / "a" / "copy"
    assert (copy / "program").read_bytes() == (source / "program").read_bytes()
    assert (copy / "program").stat().st_mode & 0o777 == 0o750
    assert (copy / "below" / "text").read_text() == "x"
    assert (tmp_path / "b" / "text").read_text() == "x"
    assert not (tmp_path / "driver-copy.tar").exists()


def test_a_file_is_written_whatever_bytes_it_has(machine: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    machine.write(data, f"{tmp_path}/written")
    machine.write(data[:100], f"{tmp_path}/written")
    assert (tmp_path / "written").read_bytes() == data[:100]
    assert machine.succeed("echo goes on") == "goes on\n"


def test_a_machine_is_shut_down_and_started_again_with_its_disk(
    machine: Any, computer: debian.LocalComputer
) -> None:
    computer.program("systemctl", "kill -KILL $PPID")
    machine.succeed("echo kept > file")
    machine.shutdown()
    machine.shutdown()
    machine.start()
    machine.start()
    assert machine.succeed("cat file") == "kept\n"
    assert computer.starts == 2


def test_a_machine_whose_power_was_cut_starts_with_the_next_command(
    machine: Any, computer: debian.LocalComputer
) -> None:
    machine.succeed("echo kept > file")
    machine.crash()
    assert machine.succeed("cat file") == "kept\n"
    assert computer.starts == 2


def test_a_machine_that_does_not_power_off_is_told(machine: Any, computer: debian.LocalComputer) -> None:
    computer.program("systemctl", "exit 0")
    machine.start()
    with pytest.raises(errors.GuestError, match=r"^the machine was not off after 1 seconds$"):
        machine.shutdown()


def test_a_machine_that_ends_during_a_command_is_told_at_once(machine: Any) -> None:
    begun = time.monotonic()
    # The command's parent is timeout, whose parent is the shell that the driver talks to.
    with pytest.raises(errors.GuestError):
        machine.succeed("kill -KILL $(ps -o ppid= -p $PPID); sleep 0.1")
    assert time.monotonic() - begun < 5


def test_a_kernel_that_panics_is_told_long_before_the_command_is_over(
    machine: Any, computer: debian.LocalComputer
) -> None:
    machine.start()
    panic = threading.Timer(0.2, computer.console.write_text, ["[ 1.0] Kernel panic - not syncing: test\n"])
    panic.start()
    begun = time.monotonic()
    with pytest.raises(errors.GuestError, match=r"^the guest's kernel panicked$"):
        machine.succeed("sleep 5")
    panic.join()
    assert time.monotonic() - begun < 3


def test_a_shell_that_never_answers_is_told(tmp_path: Path) -> None:
    class Silent(debian.LocalComputer):
        def start(self) -> None:
            self.shell, self.theirs = socket.socketpair()

    computer = Silent(tmp_path)
    machine = machines.Machine(computer, print, machines.Patience(boot=0.5))
    with pytest.raises(errors.GuestError, match=r"^no shell answered within 0 seconds$"):
        machine.start()
    computer.shell.close()
    computer.theirs.close()


def test_what_was_left_in_the_channel_is_not_taken_for_an_answer(
    machine: Any, computer: debian.LocalComputer
) -> None:
    machine.start()
    noise = base64.b64encode(b"noise").decode()
    computer.shell.send(f"echo {shlex.quote(f'<{noise}:{noise}:0>')}\n".encode())
    assert machine.execute("echo mine") == (0, "mine\n")
