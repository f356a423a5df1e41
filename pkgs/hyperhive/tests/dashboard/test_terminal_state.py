"""What a program has set in its terminal holds in every window, also when that output is not kept."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive
from tests.dashboard.shells import HIDE, open_part, open_terminal, rows, run
from tests.dashboard.test_terminal_flow import forgive

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A full-screen program: sets modes, draws a head once, writes more than is kept, and tells what is typed.
EDITOR = r"""
import os, signal, sys, termios, tty
out, typed = sys.stdout.buffer, open(sys.argv[1], "wb", buffering=0)
before = termios.tcgetattr(0)
tty.setraw(0)
def draw(*_):
    size = os.get_terminal_size()
    out.write(b"\x1b[1;1H\x1b[2Kthe head of %d by %d" % size)
    out.write(b"\x1b[3;1Htyped here: ")
    out.flush()
signal.signal(signal.SIGWINCH, draw)
out.write(b"\x1b[?1049h\x1b[?2004h\x1b[?1h\x1b=\x1b[?1000h\x1b[?1006h\x1b[?1004h\x1b[?25l\x1b[2J")
out.write(b"\x1b]0;the editor\x07")
draw()
for number in range(36_000):
    out.write(b"\x1b[2;1H\x1b[32mnumber %08d of the many\x1b[0m\x1b[K " % number)
draw()
while (key := os.read(0, 1000)) != b"q":
    typed.write(key)
out.write(b"\x1b[?1049l\x1b[?2004l\x1b[?1l\x1b>\x1b[?1000l\x1b[?1006l\x1b[?1004l\x1b[?25h")
out.flush()
termios.tcsetattr(0, termios.TCSADRAIN, before)
"""

PASTE = """(area, text) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const more = { clipboardData: data, bubbles: true, cancelable: true };
  area.dispatchEvent(new ClipboardEvent('paste', more));
}"""


def install(hive: RunningHive) -> Path:
    """Put the program where the shell is; returns where it writes what is typed.

    Its line is short, so that it is one line in windows of every width.
    """
    place = Path(hive.config.state_dir).parent / "alice" / "state"
    program = place / "edit"
    program.write_text(f"#!{sys.executable}\n{EDITOR}")
    program.chmod(0o755)
    return place / "typed"


async def edit(hive: RunningHive, page: Page) -> Path:
    """Start the program, wait until it has written everything; returns where it writes what is typed."""
    typed = install(hive)
    await run(page, "echo before the ed''itor")
    await run(page, "./edit typed")
    await expect(rows(page)).to_contain_text("number 00035999", timeout=60_000)
    return typed


async def typed_until(typed: Path, *wanted: bytes) -> None:
    async with asyncio.timeout(20):
        while not all(one in typed.read_bytes() for one in wanted):
            await asyncio.sleep(0.02)


async def holds(page: Page, typed: Path) -> None:
    """Everything that the program set works in this window, and its screen is there."""
    await expect(rows(page)).to_contain_text(
        re.compile(r"the head of \d+ by \d+.*number 00035999.*typed here")
    )
    await expect(rows(page)).not_to_contain_text("before the editor")
    await page.locator(".emulator").click(position={"x": 100, "y": 60})
    await page.keyboard.press("ArrowUp")
    # Shown where there is no keyboard.
    await page.locator(".terminal-keys button", has_text="↓").dispatch_event("click")
    await page.locator(".xterm-helper-textarea").evaluate(PASTE, "pasted\ntext")
    await typed_until(typed, b"\x1bOA", b"\x1bOB", b"\x1b[200~pasted\rtext\x1b[201~", b"\x1b[<0;")
    await expect(page.locator(".chip")).to_contain_text("the editor")
    # A cursor that is hidden has no element of its own.
    await expect(page.locator(".xterm-rows .xterm-cursor")).to_have_count(0)


async def left(page: Page) -> None:
    """Leaving the program shows the shell's screen again, with nothing of the program left."""
    await page.keyboard.press("q")
    await expect(rows(page)).to_contain_text(
        re.compile(r"hive> echo before the.*before the editor.*hive>\s*$")
    )
    await expect(rows(page)).not_to_contain_text("number")
    await run(page, "cat -v")
    await page.keyboard.press("ArrowUp")
    await expect(rows(page)).to_contain_text("^[[A")


async def test_a_reload_keeps_what_a_full_screen_program_has_set(shells: RunningHive, page: Page) -> None:
    await open_terminal(shells, page)
    typed = await edit(shells, page)
    await page.reload()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    await holds(page, typed)
    # That the program asked for the focus was no question of this window's.
    assert typed.read_bytes().count(b"\x1b[I") <= 2
    await left(page)


async def test_a_second_window_and_a_restart_of_the_broker_keep_it_too(
    shells: RunningHive, page: Page, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    await open_terminal(shells, page)
    typed = await edit(shells, page)
    other: Page = await open_page(shells, viewport={"width": 700, "height": 600})
    await open_part(shells, other)
    await holds(other, typed)
    await shells.stop()
    await expect(other.locator(".terminal-foot")).to_contain_text("connecting again")
    await shells.resume()
    await page.reload()
    typed.write_bytes(b"")
    await expect(page.locator(".terminal-foot")).to_contain_text("2 viewers", timeout=30_000)
    await holds(page, typed)
    await left(page)
    await expect(rows(other)).to_contain_text("before the editor")
    forgive(complaints)


async def test_a_hidden_window_that_missed_much_keeps_it_too(shells: RunningHive, page: Page) -> None:
    await open_terminal(shells, page)
    typed = install(shells)
    await run(page, "echo before the ed''itor")
    await expect(rows(page)).to_contain_text("before the editor")
    await page.evaluate(HIDE, True)
    await run(page, "./edit typed")
    assert shells.host is not None
    (terminal,) = shells.host.terminals._terminals.values()
    async with asyncio.timeout(60):
        while terminal.output.end < 1_600_000:
            await asyncio.sleep(0.05)
    await page.evaluate(HIDE, False)
    await holds(page, typed)
    await left(page)
