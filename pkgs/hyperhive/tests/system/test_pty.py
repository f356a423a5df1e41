"""Programs on pseudo-terminals: what they say, how they end, and that nothing of them is left."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hyperhive.errors import UnavailableError
from hyperhive.system.pty import Pty, _session_members

Start = Callable[..., Awaitable[Pty]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    async def run(*command: str, input_limit: int = 65536) -> Pty:
        return await Pty.open(
            command, tmp_path, {"PATH": "/usr/bin:/bin", "A": "b"}, cols=70, rows=20, input_limit=input_limit
        )

    return run


async def everything(pty: Pty) -> bytes:
    said = b""
    async with asyncio.timeout(30):
        while data := await pty.read(4096):
            said += data
    return said


async def test_a_program_gets_its_directory_environment_and_size(start: Start, tmp_path: Path) -> None:
    pty = await start("sh", "-c", "pwd; env | sort | grep -v PWD | grep -v _=; stty size; tty; exit 3")
    said = (await everything(pty)).decode().split("\r\n")
    assert said[:4] == [str(tmp_path), "A=b", "PATH=/usr/bin:/bin", "20 70"]
    assert said[4].startswith("/dev/pts/")
    assert await pty.wait() == (3, None)
    assert await pty.wait() == (None, None)


async def test_a_program_that_is_not_there_is_named(start: Start) -> None:
    with pytest.raises(UnavailableError, match="cannot start /nowhere/sh"):
        await start("/nowhere/sh")


async def test_signals_that_python_ignores_end_a_program_as_usual(start: Start) -> None:
    pty = await start("sh", "-c", "yes | head -n 1; kill -PIPE $$")
    assert await everything(pty) == b"y\r\n"
    assert await pty.wait() == (None, signal.SIGPIPE)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
async def test_signals_that_whoever_started_it_ignores_end_a_program_as_usual(
    start: Start, number: signal.Signals
) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        pty = await start("sh", "-c", f"kill -{number.name.removeprefix('SIG')} $$; echo ignored")
        assert await everything(pty) == b""
        assert await pty.wait() == (None, number)
    finally:
        signal.signal(number, before)


async def test_what_a_program_does_not_read_is_kept_up_to_a_limit(start: Start) -> None:
    pty = await start("sh", "-c", "stty raw -echo; echo; sleep 100", input_limit=30_000)
    await pty.read(10)
    data = bytes(range(256)) * 100
    assert pty.write(data[:20_000]) == 0
    assert pty.write(data) > 0
    await pty.terminate(2)
    await pty.wait()


async def test_hanging_up_ends_all_of_the_session_even_what_does_not_want_to(start: Start) -> None:
    pty = await start("bash", "-c", "trap '' HUP; (sleep 100 & sleep 101 &); echo; sleep 102; :")
    await pty.read(10)
    async with asyncio.timeout(30):
        while len(_session_members(pty.pid)) < 4:
            await asyncio.sleep(0.01)
    await pty.terminate(0.2)
    await everything(pty)
    assert await pty.wait() == (None, signal.SIGKILL)
    assert _session_members(pty.pid) == []


async def test_what_a_program_leaves_behind_ends_with_it(start: Start) -> None:
    pty = await start("bash", "-c", "nohup sleep 100 > /dev/null 2>&1 & sleep 0.1; exit 0")
    await everything(pty)
    leader = pty.pid
    assert await pty.wait() == (0, None)
    assert _session_members(leader) == []


async def test_a_program_that_only_lets_go_of_its_terminal_is_ended(start: Start) -> None:
    pty = await start("sh", "-c", "exec </dev/null >/dev/null 2>&1; sleep 100")
    await everything(pty)
    assert await pty.wait() == (None, signal.SIGHUP)
