"""Large pastes: they arrive whole, wait for programs that do not read, and end with an interrupt."""

import asyncio
from pathlib import Path

import pytest

from hyperhive.protocol.terminal import TYPED_BYTES
from tests.harness.test_terminal import Desk, desk
from tests.terminal_window import Window

__all__ = ["desk"]

PIECE = 16 * 1024
PASTED = "".join(f"line {number:06} of the pasted text\n" for number in range(46_000)).encode()


async def paste(window: Window, data: bytes, begin: int = 0) -> None:
    """As a page does it: no more on its way than may be."""
    base, at = window.typed - begin, begin
    while at < len(data):
        while base + at + PIECE - window.taken > TYPED_BYTES:
            assert await window.step()
        await window.send(data[at : at + PIECE])
        at += PIECE


async def taken(window: Window) -> None:
    """Everything that it typed was given to the program, or dropped."""
    while window.taken < window.typed:
        assert await window.step()


@pytest.mark.parametrize("reader", ["cat", "while read -r line; do printf '%s\\n' \"$line\"; done"])
async def test_a_large_paste_arrives_whole_also_at_a_program_that_reads_slowly(
    desk: Desk, tmp_path: Path, reader: str
) -> None:
    data = PASTED if reader == "cat" else PASTED[:300_000].rpartition(b"\n")[0] + b"\n"
    assert len(PASTED) > 1_400_000
    _, window, _ = await desk.shell()
    target = tmp_path / "pasted"
    await window.type(f"echo rea''dy; {{ echo be''gun; {reader}; }} > {target}; echo do''ne\r")
    await window.until("ready")
    await paste(window, data)
    await window.type("\x04")
    await window.until("done")
    assert target.read_bytes() == b"begun\n" + data
    assert window.dropped == 0


async def test_a_paste_goes_on_after_a_cut_connection_with_nothing_lost_or_doubled(
    desk: Desk, tmp_path: Path
) -> None:
    name, _, _ = await desk.shell()
    window = await desk.window(name, name="a" * 32)
    target = tmp_path / "pasted"
    await window.type(f"cat > {target}; echo do''ne\r")
    begin = window.typed
    for share in (0.3, 0.6, 1.0):
        at = window.typed - begin
        await paste(window, PASTED[: int(len(PASTED) * share)], at)
        if share < 1:
            # What is on its way is lost, or is not: the harness knows.
            window.socket._writer.transport.abort()
            window = await desk.window(name, name="a" * 32, have=window.offset)
            assert begin < window.typed <= begin + int(len(PASTED) * share) + PIECE
    await window.type("\x04")
    await window.until("done")
    assert target.read_bytes() == PASTED


async def test_what_an_older_connection_brings_late_is_not_typed_twice(desk: Desk) -> None:
    name, _, _ = await desk.shell()
    old = await desk.window(name, name="a" * 32)
    await old.type("cat -v; echo one''more\r")
    await taken(old)
    await desk.window(name, name="b" * 32)
    new = await desk.window(name, name="a" * 32)
    await old.type("stale\r")
    await new.type("new\r\x04")
    await new.until("onemore")
    assert "new" in new.shown()
    assert "stale" not in new.shown()


@pytest.mark.parametrize("size", [3000, 50_000, len(PASTED)])
async def test_an_interrupt_reaches_a_program_that_does_not_read_and_drops_the_paste(
    desk: Desk, size: int
) -> None:
    name, window, _ = await desk.shell(name="a" * 32)
    other = await desk.window(name)
    await window.type("echo rea''dy; sleep 1000; echo interr''upted\r")
    await window.until("ready")
    await window.say(type="paste", length=size, longest=31)
    for at in range(0, min(size, TYPED_BYTES), PIECE):
        await window.send(PASTED[at : min(size, at + PIECE)])
    async with asyncio.timeout(20):
        while desk.terminal(name)._input.typed("a" * 32) < window.typed:
            await asyncio.sleep(0.01)
    await other.type("\x03")
    await taken(other)
    if size > PIECE:
        # Was on its way: a shell must not get it.
        await window.send(b"echo must''not\r")
        await window.say(type="cancel")
    await window.type("echo go''on\r")
    await window.until("goon")
    assert "mustnot" not in window.shown()
    assert "line 0" not in window.shown().partition("goon")[0].rpartition("^C")[2]
    assert (window.dropped, window.refused) == (0, [None] if size > PIECE else [])
    assert (other.dropped, other.refused) == (0, [])


async def test_a_paste_can_be_cancelled_although_the_program_takes_control_c_as_a_key(
    desk: Desk, tmp_path: Path
) -> None:
    _, window, _ = await desk.shell()
    go_on = tmp_path / "go_on"
    waits = f"while [ ! -e {go_on} ]; do sleep 0.05; done"
    await window.type(f"stty raw; echo rea''dy; {waits}; stty -raw; echo; cat -v\r")
    await window.until("ready")
    for at in range(0, TYPED_BYTES, PIECE):
        await window.send(PASTED[at : at + PIECE])
    await window.say(type="cancel")
    await window.type("after\r")
    await taken(window)
    go_on.touch()
    await window.until("after")
    assert "line 0" not in window.shown()


async def test_a_line_that_is_too_long_for_the_kernel_is_told(desk: Desk, tmp_path: Path) -> None:
    _, window, _ = await desk.shell()
    target = tmp_path / "pasted"
    await window.type(f"echo rea''dy; cat > {target}; echo do''ne\r")
    await window.until("ready")
    # Between the two commands the shell has the terminal, perhaps in modes of its own.
    await asyncio.sleep(0.3)
    await window.send(b"x" * 5000 + b"\n" + b"y" * 4095 + b"\n\x04")
    await window.until("done")
    assert target.read_bytes() == b"x" * 4095 + b"\n" + b"y" * 4095 + b"\n"
    assert window.dropped == 905


async def test_a_paste_with_such_a_line_is_refused_before_its_first_byte(desk: Desk, tmp_path: Path) -> None:
    name, _, _ = await desk.shell()
    window = await desk.window(name, name="a" * 32)
    target = tmp_path / "pasted"
    await window.type(f"echo rea''dy; cat > {target}; echo do''ne\r")
    await window.until("ready")
    await window.say(type="paste", length=40_000, longest=5000)
    await window.send(b"short\n" + b"x" * 5000 + b"\n")
    while not window.refused:
        assert await window.step()
    # The page may not have heard it before its connection broke.
    window = await desk.window(name, name="a" * 32)
    while not window.refused:
        assert await window.step()
    await window.say(type="cancel")
    await window.type("typed\r\x04")
    await window.until("done")
    assert target.read_bytes() == b"typed\n"


async def test_a_program_that_reads_no_lines_gets_lines_of_any_length(desk: Desk, tmp_path: Path) -> None:
    _, window, _ = await desk.shell()
    target = tmp_path / "pasted"
    await window.type(f"stty raw; echo rea''dy; head -c 60000 > {target}; stty -raw; echo do''ne\r")
    await window.until("ready")
    await window.say(type="paste", length=60_000, longest=60_000)
    for _ in range(4):
        await window.send(b"x" * 15_000)
    await window.until("done")
    assert (target.read_bytes(), window.dropped, window.refused) == (b"x" * 60_000, 0, [])
