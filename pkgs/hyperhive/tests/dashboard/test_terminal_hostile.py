"""What programs write to a terminal is drawn, and does nothing else to the page or to the operator."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from tests.dashboard.conftest import RunningHive
from tests.dashboard.shells import open_terminal, rows, run

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = (
    b'\x1b]0;<img src=x onerror="document.body.dataset.owned=1">\x07',
    b"\x1b]8;;javascript:document.body.dataset.owned=1\x1b\\click me\x1b]8;;\x1b\\",
    b"\x1b]8;;http://127.0.0.1:9/\x1b\\http://127.0.0.1:9/\x1b]8;;\x1b\\",
    b"\x1b]52;c;b3duZWQ=\x07\x1b]52;c;?\x07",
    b"\x1b]1337;File=inline=1:aGVsbG8=\x07\x1b]777;notify;a;b\x07\x1b]9;4;1;50\x07",
    b"\x1bPtmux;\x1b\x1b]52;c;b3duZWQ=\x07\x1b\\\x1b_Gf=100;aGVsbG8=\x1b\\",
    b"<script>document.body.dataset.owned=1</script><img src=x onerror=alert(1)>",
    b"\x1b[21t\x1b[20t\x1b[19t\x1b[14t\x1b[11t",
    b"\x1b[?1006h\x1b[?1004h\x1b[?2004h\x1b[?1049h\x1b[?25l\x9b31m\xff\xfe\x00",
)


async def test_hostile_output_is_drawn_and_does_nothing_else(
    shells: RunningHive, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page: Page = await open_page(shells, permissions=["clipboard-read", "clipboard-write"])
    opened: list[Page] = []

    def on_page(one: Page) -> None:
        opened.append(one)

    page.context.on("page", on_page)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    await open_terminal(shells, page)
    await page.evaluate("navigator.clipboard.writeText('mine')")
    address = page.url
    file = tmp_path / "hostile"
    file.write_bytes(b"\n".join(HOSTILE))
    await run(page, f"clear; cat {file}; sleep 0.3; printf '\\033[?1049l'")
    await expect(page.locator(".chip")).to_contain_text("<img src=x onerror=")
    await expect(rows(page)).to_contain_text("click me")
    for text in ("click me", "http://127.0.0.1:9/"):
        # The emulator makes a row anew when it draws it.
        async with asyncio.timeout(30):
            while (box := await rows(page).locator("span", has_text=text).first.bounding_box()) is None:
                pass
        await page.mouse.move(box["x"] + 20, box["y"] + 5)
        await page.mouse.click(box["x"] + 20, box["y"] + 5)
        await page.keyboard.down("Control")
        await page.mouse.click(box["x"] + 20, box["y"] + 5)
        await page.keyboard.up("Control")

    assert await page.evaluate("document.body.dataset.owned ?? null") is None
    tags = await page.locator(".emulator *").evaluate_all("(all) => all.map((one) => one.localName)")
    assert set(tags) <= {"div", "span", "textarea", "adopted-style"}
    assert await page.locator(".terminals :is(img, script, a, iframe, svg)").count() == 0
    assert await page.evaluate("navigator.clipboard.readText()") == "mine"
    assert (page.url, opened) == (address, [])


async def test_a_page_of_another_site_in_the_same_browser_reaches_no_terminal(
    shells: RunningHive, page: Page
) -> None:
    await open_terminal(shells, page)
    assert shells.host is not None
    (terminal,) = shells.host.terminals._terminals
    address = f"{shells.url.replace('http', 'ws')}/api/agents/alice/terminals/{terminal}"
    opens = """(address) => new Promise((resolve) => {
      const socket = new WebSocket(address);
      socket.onopen = () => resolve('open');
      socket.onclose = () => resolve('closed');
    })"""
    assert await page.evaluate(opens, address) == "open"

    async def page_of_theirs(_request: web.Request) -> web.Response:
        return web.Response(text="<title>another site</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page_of_theirs)
    # Another port of this machine is not us, although the browser sends our cookie from there.
    async with TestServer(app, host="127.0.0.1") as server:
        theirs = await page.context.new_page()
        for host in ("127.0.0.1", "localhost"):
            await theirs.goto(f"http://{host}:{server.port}/")
            assert await theirs.evaluate(opens, address) == "closed"


async def test_programs_questions_are_answered_once_and_without_a_word_of_theirs(
    shells: RunningHive, page: Page, tmp_path: Path
) -> None:
    await open_terminal(shells, page)
    asked, said = tmp_path / "asked", tmp_path / "said"
    asked.write_bytes(
        b"\x1b]0;evil\x07\x1b[21t\x1b[20t\x1bP$qevil\x1b\\\x1b]52;c;?\x07"
        b"\x1b[c\x1b[>c\x1b[?1004h\x1b[6n\x1b]11;?\x07\x1b[?25$p\x1b[?1004l"
    )
    read = f"timeout --foreground 2 cat > {said}"
    await run(page, f"stty raw -echo; cat {asked}; {read}; stty sane; clear")
    await expect(rows(page)).to_have_text(re.compile(r"^\s*hive>\s*$"))
    answers = said.read_bytes()
    assert b"evil" not in answers
    assert answers.startswith(b"\x1bP0$r\x1b\\\x1b[?1;2c")
    # Whether the window has the focus is a question as well.
    assert answers.count(b"\x1b[I") == 1
    assert answers.endswith(b"$y")

    # A window that shows the output again comes across the same questions.
    await run(page, "cat -v")
    await page.reload()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    await page.locator(".emulator").click()
    await run(page, "nothing before")
    await expect(rows(page)).to_have_text(
        re.compile(r"^\s*hive> cat -v\s*nothing before\s*nothing before\s*$")
    )


async def test_a_window_that_was_opened_out_of_sight_answers_nothing_old(
    shells: RunningHive, page: Page
) -> None:
    await open_terminal(shells, page)
    asks = "printf '\\033[6n\\033[c'; timeout --foreground 1 cat > /dev/null"
    await run(page, f"stty raw -echo; {asks}; stty sane; clear; cat -v")
    await expect(rows(page)).to_have_text(re.compile(r"^\s*$"))
    await page.add_init_script("Object.defineProperty(document, 'hidden', { value: true, writable: true })")
    await page.reload()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    assert shells.host is not None
    (terminal,) = shells.host.terminals._terminals.values()
    async with asyncio.timeout(30):
        while [one.acked for one in terminal.viewers] != [terminal.output.end]:
            await asyncio.sleep(0.01)
    await page.evaluate("document.hidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    await page.locator(".emulator").click()
    await run(page, "nothing before")
    await expect(rows(page)).to_have_text(re.compile(r"^\s*nothing before\s*nothing before\s*$"))


async def test_numbers_that_no_screen_has_do_not_stop_the_page(
    shells: RunningHive, page: Page, tmp_path: Path
) -> None:
    await open_terminal(shells, page)
    file = tmp_path / "numbers"
    file.write_bytes(b"".join(b"x\x1b[2147483647%c" % final for final in b"@ABCDEFGILMPSTXZ`abdefrst"))
    await run(page, f"cat {file}; reset; clear; echo still he''re")
    await expect(rows(page)).to_contain_text("still here")


async def test_wide_characters_take_the_columns_that_programs_count(
    shells: RunningHive, page: Page, tmp_path: Path
) -> None:
    await open_terminal(shells, page)
    asked, said = tmp_path / "asked", tmp_path / "said"
    asked.write_text("\r\033[K⚡🤖🫪|\033[6n\r\033[K👨\u200d👩\u200d👧|\033[6n\r\033[Ke\u0301🇩🇪|\033[6n")
    # Each answer ends with an R.
    read = f"for _ in 1 2 3; do IFS= read -rsd R one; echo $one >> {said}; done"
    await run(page, f"stty raw -echo; cat {asked}; {read}; stty sane; clear")
    await expect(rows(page)).to_have_text(re.compile(r"^\s*hive>\s*$"))
    assert re.findall(rb";(\d+)\n", said.read_bytes()) == [b"8", b"4", b"5"]


async def test_a_title_is_cut_between_characters(shells: RunningHive, page: Page, tmp_path: Path) -> None:
    await open_terminal(shells, page)
    file = tmp_path / "title"
    file.write_text(f"\033]0;{'t' * 199}\U0001f600 and more\007")
    await run(page, f"cat {file}; echo still he''re")
    await expect(page.locator(".chip")).to_contain_text("t" * 199 + "\U0001f600")
    await run(page, "echo and go''es on")
    await expect(rows(page)).to_contain_text("and goes on")
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")


async def test_pasted_text_cannot_press_keys(shells: RunningHive, page: Page) -> None:
    await open_terminal(shells, page)
    await run(page, "stty -icanon; cat -v")
    await page.locator(".xterm-helper-textarea").evaluate(
        """(area) => {
          const data = new DataTransfer();
          data.setData('text/plain', 'safe\\u001b[201~\\u0003\\u0004 text\\u009b');
          const more = { clipboardData: data, bubbles: true, cancelable: true };
          area.dispatchEvent(new ClipboardEvent('paste', more));
        }"""
    )
    await expect(rows(page)).to_contain_text("safe[201~ text")
