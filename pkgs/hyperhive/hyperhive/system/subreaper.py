"""The subreaper: a small program around one child process, which leaves nothing of it behind.

It runs as `python -I -S subreaper.py GRACE DIRECTORY FD -- COMMAND...` and needs the standard library only,
so that it starts in a few milliseconds. Its descriptor FD is a pipe or socket that its parent holds open:
when that ends, because the parent closed it or died of whatever cause, or when SIGTERM or SIGINT arrives, the
child gets SIGTERM, and after GRACE seconds the child and everything that ever descended from it gets SIGKILL.
The same happens to what a child that ended by itself left behind. Then DIRECTORY, unless empty, is removed:
it held the child's secrets. It exits as the child did (128 + n for signal n). Where FD is not standard input
(0) but a socket, the child has standard input and output for itself alone, so that their ends are its own,
and a byte is written to FD when it runs.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NoReturn

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_STDIN: Final = 0
_STDOUT: Final = 1
_KILL_SECONDS: Final = 5.0
_KILL_INTERVAL: Final = 0.01
_NOT_FOUND: Final = 127
_WATCHED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    grace, secrets, control, separator, *command = arguments
    if separator != "--" or not command:
        raise SystemExit("usage: subreaper.py GRACE DIRECTORY FD -- COMMAND...")
    try:
        return _keep(command, float(grace), int(control))
    finally:
        if secrets:
            shutil.rmtree(secrets, ignore_errors=True)


def _keep(command: list[str], grace: float, control: int) -> int:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    # What the child's descendants leave behind becomes a child of this process instead of init's.
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wakeups = _watch_signals()
    subreaper = os.getpid()

    def tie_to_subreaper() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != subreaper:
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        given = subprocess.DEVNULL if control == _STDIN else None
        # This process has one thread, so the function between fork and exec is safe.
        child = subprocess.Popen(command, stdin=given, preexec_fn=tie_to_subreaper)  # noqa: PLW1509, S603 - the command is the caller's own
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]}: {error.strerror}\n")
        return _NOT_FOUND
    if control != _STDIN:
        _let_go(_STDIN, _STDOUT)
        with contextlib.suppress(OSError):
            os.write(control, b"\n")
    code = _wait(child.pid, control, wakeups, grace)
    _kill_descendants()
    return code if code >= 0 else 128 - code


def _let_go(*descriptors: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)


def _watch_signals() -> int:
    """A descriptor with a byte to read for every signal that matters."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (*_WATCHED, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reading


def _wait(child: int, control: int, wakeups: int, grace: float) -> int:
    """As `Popen.returncode` has it; the child is ended when the time has come."""
    watched = [control, wakeups]
    deadline: float | None = None
    while True:
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select(watched, [], [], timeout)
        code = _reap(child)
        if code is not None:
            return code
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            deadline = time.monotonic() + _KILL_SECONDS
        if not _must_end(ready, control, wakeups):
            continue
        if control in watched:
            watched.remove(control)
        if deadline is None:
            deadline = time.monotonic() + grace
            os.kill(child, signal.SIGTERM)


def _must_end(ready: list[int], control: int, wakeups: int) -> bool:
    numbers = os.read(wakeups, 1024) if wakeups in ready else b""
    ended = control in ready and not os.read(control, 1024)
    return ended or any(number in _WATCHED for number in numbers)


def _reap(child: int) -> int | None:
    """Collect every ended process; the exit status of `child` when among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == child:
                found = os.waitstatus_to_exitcode(status)
    return found


def _kill_descendants() -> None:
    """Until none is left: what is killed may have started more meanwhile."""
    deadline = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < deadline:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_KILL_INTERVAL)


def descendants(root: int) -> list[int]:
    """Parents before their children."""
    children: dict[int, list[int]] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                # The second field is a name in parentheses that may hold anything.
                fields = (process / "stat").read_bytes().rpartition(b")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(process.name))
    found = list(children.get(root, []))
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def _run() -> NoReturn:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    _run()
