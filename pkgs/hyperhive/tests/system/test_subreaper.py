import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hyperhive.system import subreaper

Keep = Callable[..., "subprocess.Popen[str]"]

#: A program that ignores SIGTERM and has a child in a session of its own that does so, too.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 1:
    child = subprocess.Popen([sys.executable, __file__, "child"], start_new_session=True)
    print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""

#: A program that leaves a process behind and ends.
CARELESS = """
import subprocess
print(subprocess.Popen(["sleep", "60"], start_new_session=True).pid, flush=True)
"""


@pytest.fixture
def keep() -> Iterator[Keep]:
    running: list[subprocess.Popen[str]] = []

    def start(*command: str, grace: float = 10) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", subreaper.__file__, str(grace), "", "0", "--", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        with process:
            process.stdin.close()  # type: ignore[union-attr] # it is a pipe
            process.wait(timeout=20)


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def program(directory: Path, text: str) -> str:
    path = directory / "program.py"
    path.write_text(text)
    return str(path)


def test_it_ends_with_the_exit_code_of_the_child(keep: Keep) -> None:
    assert keep("sh", "-c", "exit 7").wait(timeout=30) == 7


def test_it_says_with_which_signal_the_child_ended(keep: Keep) -> None:
    assert keep("sh", "-c", "kill -9 $$").wait(timeout=30) == 128 + signal.SIGKILL


def test_a_command_that_does_not_exist_is_code_127(keep: Keep) -> None:
    assert keep("no-such-command").wait(timeout=30) == 127


def test_the_child_gets_a_chance_to_end_by_itself_when_the_pipe_closes(keep: Keep) -> None:
    process = keep("sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    assert line(process) == "ready"
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=30) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_subreaper_ends_the_child(keep: Keep, number: signal.Signals) -> None:
    process = keep("sh", "-c", "echo ready; sleep 60")
    assert line(process) == "ready"
    process.send_signal(number)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM


def test_what_does_not_end_in_time_is_killed_with_everything_below_it(keep: Keep, tmp_path: Path) -> None:
    process = keep(sys.executable, program(tmp_path, STUBBORN), grace=0.2)
    pids = [int(pid) for pid in line(process).split()]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGKILL
    assert [alive(pid) for pid in pids] == [False, False]


def test_a_killed_parent_takes_everything_with_it(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    command = [
        sys.executable,
        "-I",
        "-S",
        subreaper.__file__,
        "0.2",
        str(secrets),
        "0",
        "--",
        sys.executable,
        program(tmp_path, STUBBORN),
    ]
    script = (
        "import subprocess, sys, time\n"
        "process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, text=True
    ) as parent:
        pids = [int(pid) for pid in line(parent).split()]
        assert secrets.is_dir()
        parent.kill()
    deadline = time.monotonic() + 10
    while (secrets.exists() or any(alive(pid) for pid in pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ([alive(pid) for pid in pids], secrets.exists()) == ([False, False], False)


def test_what_an_ended_child_left_behind_is_killed(keep: Keep, tmp_path: Path) -> None:
    process = keep(sys.executable, program(tmp_path, CARELESS))
    pid = int(line(process))
    assert process.wait(timeout=30) == 0
    assert not alive(pid)


def test_descendants_are_listed_parents_first(keep: Keep) -> None:
    process = keep("sh", "-c", "echo $$; sleep 60 & wait")
    shell = int(line(process))
    deadline = time.monotonic() + 10
    while len(subreaper.descendants(process.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    found = subreaper.descendants(process.pid)
    assert (found[0], len(found)) == (shell, 2)
    assert process.pid in subreaper.descendants(os.getpid())
