"""Large pastes into the terminal: whole, or dropped with a word, and never half of one into a shell."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive
from tests.dashboard.shells import open_part, open_terminal, rows, run
from tests.dashboard.test_terminal_flow import cut, forgive
from tests.dashboard.test_terminal_state import PASTE

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: As long as a line of it may be, so that it is drawn quickly.
LINE = "the quick brown fox jumps over the lazy dog; ä€⚡ "
PASTED = "".join(f"{number:05} {LINE}\n" for number in range(24_000))


async def paste(page: Page, text: str) -> None:
    await page.locator(".xterm-helper-textarea").evaluate(PASTE, text)


def file_of(hive: RunningHive, name: str) -> Path:
    return Path(hive.config.state_dir).parent / "alice" / "state" / name


async def grows_beyond(file: Path, size: int) -> None:
    async with asyncio.timeout(90):
        while not file.exists() or file.stat().st_size < size:
            await asyncio.sleep(0.01)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.timeout(200)
async def test_a_paste_of_more_than_a_megabyte_arrives_whole_although_connections_break(
    shells: RunningHive, page: Page, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    data = PASTED.encode()
    assert len(data) > 1_400_000
    await open_terminal(shells, page)
    other: Page = await open_page(shells)
    await open_part(shells, other)
    await expect(page.locator(".terminal-foot")).to_contain_text("2 viewers")
    await run(page, "cat > pasted; echo do''ne")
    target = file_of(shells, "pasted")
    await grows_beyond(target, 0)
    await paste(page, PASTED)
    for share in (0.2, 0.5):
        await grows_beyond(target, int(len(data) * share))
        await cut(shells)
        await expect(page.locator(".terminal-foot")).to_contain_text("2 viewers", timeout=30_000)
    await grows_beyond(target, len(data))
    await page.keyboard.press("Control+d")
    await expect(rows(page)).to_contain_text("done", timeout=60_000)
    await expect(rows(other)).to_contain_text("done", timeout=60_000)
    assert digest(target.read_bytes()) == digest(data)
    await expect(page.locator(".terminal-foot")).not_to_contain_text("typed")
    forgive(complaints)


async def test_control_c_ends_a_program_that_does_not_read_and_the_shell_gets_nothing_of_the_paste(
    shells: RunningHive, page: Page
) -> None:
    await open_terminal(shells, page)
    await run(page, "sleep 1000")
    await paste(page, "echo must not run\n" * 80_000)
    foot = page.locator(".terminal-foot")
    await expect(foot).to_contain_text(re.compile(r"1\.4 MB typed wait for the program to read"))
    await page.keyboard.press("Control+c")
    await expect(rows(page)).to_contain_text("^C")
    await expect(foot).to_contain_text(re.compile(r"the program did not get 1\d{6} bytes that were typed"))
    await expect(foot).not_to_contain_text("wait for the program")
    await run(page, "clear; echo still he''re")
    await expect(rows(page)).to_have_text(re.compile(r"^\s*still here\s*hive>\s*$"))


async def test_the_rest_of_a_paste_can_be_dropped_and_a_bracketed_one_is_closed(
    shells: RunningHive, page: Page
) -> None:
    await open_terminal(shells, page)
    # Takes Ctrl-C as a key, and reads when it is told to, up to the end of the paste.
    wait = "while [ ! -e go ]; do sleep 0.1; done"
    read = """until IFS= read -rd '~' a; [ "${a%201}" != "$a" ]; do :; done"""
    show = 'printf %s~ "$a" | cat -v > seen'
    begin = "stty raw -echo; printf '\\033[?2004hrea''dy\\r\\n'"
    await run(page, f"{begin}; {wait}; {read}; {show}; stty sane; printf '\\033[?2004l'")
    await expect(rows(page)).to_contain_text("ready")
    await paste(page, "text \n" * 100_000)
    foot = page.locator(".terminal-foot")
    await expect(foot).to_contain_text("wait for the program to read")
    await page.get_by_role("button", name="Drop the rest").click()
    await expect(foot).not_to_contain_text("wait for the program")
    file_of(shells, "go").touch()
    await expect(rows(page)).to_contain_text(re.compile(r"hive>\s*$"))
    seen = file_of(shells, "seen").read_text()
    assert seen.endswith("^[[201~")
    assert len(seen) < 100_000


async def test_a_paste_that_would_not_arrive_whole_is_refused_before_its_first_byte(
    shells: RunningHive, page: Page
) -> None:
    await open_terminal(shells, page)
    await run(page, "cat > pasted")
    await page.evaluate("window.large = 'x'.repeat(1000).concat('\\n').repeat(20_000)")
    await page.locator(".xterm-helper-textarea").evaluate(f"(area) => ({PASTE})(area, window.large)")
    await expect(page.locator(".terminal-foot")).to_contain_text("not pasted: 20.0 MB at once are too many")
    await paste(page, "short\n" + "long" * 350_000)
    await expect(page.locator(".terminal-foot")).to_contain_text("one of 1400000 bytes would be cut")
    await run(page, "typed")
    await page.keyboard.press("Control+d")
    await expect(rows(page)).to_contain_text(re.compile(r"hive>\s*$"))
    assert file_of(shells, "pasted").read_bytes() == b"typed\n"
