"""The terminal of an agent's page: a real shell, a real harness's terminals, a real browser."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.dashboard.conftest import Complaints, RunningHive
from tests.dashboard.shells import open_part, open_terminal, rows, run

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE = {"width": 360, "height": 740}


async def test_a_shell_is_opened_used_left_and_ended_with_the_keyboard(
    shells: RunningHive, page: Page
) -> None:
    await open_part(shells, page)
    await expect(page.locator(".nothing")).to_contain_text("The agent's rules for Bash do not bind it")
    await page.get_by_role("button", name="Open a terminal").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    await expect(page.locator(".xterm-helper-textarea")).to_be_focused()
    await expect(page.locator(".terminal-hint")).to_contain_text("no container around it")
    await run(page, "echo $((6*7))= $TERM; cat > /dev/null")
    await expect(rows(page)).to_contain_text("42= xterm-256color")
    # These keys are the shell's, and none of the page's own.
    for key in ("Escape", "w", "?", "Tab", "ArrowLeft"):
        await page.keyboard.press(key)
    await expect(page.locator(".xterm-helper-textarea")).to_be_focused()
    await expect(page.locator(".panel")).to_have_attribute("data-wide", "false")
    await page.keyboard.press("Control+c")
    await run(page, "printf '\\033]0;<i>my title</i>\\007'")
    chip = page.locator(".chip")
    await expect(chip).to_contain_text("<i>my title</i>")
    await page.keyboard.press("Control+Shift+Escape")
    await expect(chip).to_be_focused()
    await chip.press("Enter")
    await page.locator(".emulator").click()
    await page.keyboard.press("Control+F6")
    await expect(chip).to_be_focused()

    await page.get_by_role("button", name="New terminal").click()
    await expect(chip).to_have_count(2)
    await expect(chip.nth(1)).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".xterm-helper-textarea")).to_be_focused()
    await run(page, "exit 5")
    await expect(page.locator(".terminal-foot")).to_contain_text("Ended: exit code 5")
    foot, ended = [
        await page.locator(place).bounding_box() for place in (".terminal-foot", ".terminal-foot .ended")
    ]
    assert foot
    assert ended
    assert foot["y"] <= ended["y"] <= foot["y"] + foot["height"]
    await chip.first.click()
    await expect(rows(page)).to_contain_text("42= xterm-256color")
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("button", name="Yes, end it and all in it").click()
    await expect(page.locator(".terminal-foot")).to_contain_text("Ended: signal")
    await page.get_by_role("button", name="Open another").click()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    await page.get_by_role("tab", name="Log").click()
    log = page.locator(".log")
    await expect(log.get_by_text("A terminal was opened by the operator (127.0.0.1).")).to_have_count(3)
    await expect(log).to_contain_text("A terminal was closed: exit code 5.")
    await expect(log).to_contain_text("A terminal was closed by the operator (127.0.0.1): signal")


async def test_what_is_typed_before_the_connection_is_there_is_not_lost(
    shells: RunningHive, page: Page
) -> None:
    await open_part(shells, page)
    typed = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "GET":
            await typed.wait()
        await route.continue_()

    await page.route("**/api/agents/alice/terminals", hold)
    await page.get_by_role("button", name="Open a terminal").click()
    await expect(page.locator(".xterm-helper-textarea")).to_be_focused()
    await run(page, "echo $((6*7))=")
    await expect(page.locator(".terminal-foot")).to_contain_text("Connecting")
    typed.set()
    await expect(rows(page)).to_contain_text("42=")


async def test_opening_the_part_leaves_the_keyboard_where_it_is(shells: RunningHive, page: Page) -> None:
    await open_terminal(shells, page)
    await page.get_by_role("tab", name="Log").click()
    await page.get_by_role("tab", name="Log").focus()
    while await page.locator(".terminals").count() == 0:
        await page.keyboard.press("ArrowRight")
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    await expect(rows(page)).to_contain_text("hive>")
    await expect(page.get_by_role("tab", name="Terminal")).to_be_focused()


async def test_two_windows_show_one_shell_and_who_types_gives_it_the_size(
    shells: RunningHive, page: Page, open_page: Callable[..., Any]
) -> None:
    await open_terminal(shells, page)
    other: Page = await open_page(shells, viewport=PHONE)
    await open_part(shells, other)
    await expect(rows(other)).to_contain_text("hive>")
    for window in (page, other):
        await expect(window.locator(".terminal-foot")).to_contain_text("2 viewers")
    await expect(other.locator(".terminal-foot")).to_contain_text("another window sets the size")
    await other.locator(".viewers summary").focus()
    await other.keyboard.press("Enter")
    await expect(other.locator(".viewers li")).to_have_text(
        [re.compile(r"127\.0\.0\.1, .*, sets the size$"), re.compile(r"127\.0\.0\.1 \(you\), ")]
    )
    wide = await page.locator(".terminal-foot .number").text_content()
    await other.locator(".emulator").click()
    await run(other, "echo from the phone")
    await expect(rows(page)).to_contain_text("from the phone")
    await expect(page.locator(".terminal-foot .number")).not_to_have_text(wide or "")
    await expect(page.locator(".terminal-foot")).to_contain_text("another window sets the size")
    await other.close()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    await expect(page.locator(".terminal-foot .number")).to_have_text(wide or "")


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_it_fits_a_phone_and_follows_the_colour_scheme(
    shells: RunningHive, open_page: Callable[..., Any], scheme: str
) -> None:
    page: Page = await open_page(shells, viewport=PHONE, color_scheme=scheme, has_touch=True, is_mobile=True)
    await open_terminal(shells, page)
    await run(page, "printf '\\033[31mred\\033[0m \\033[38;2;1;2;3mfaint\\033[0m\\n'")
    await expect(rows(page)).to_contain_text("faint")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    paper = await page.locator(".screen").evaluate("(one) => getComputedStyle(one).backgroundColor")
    drawn = await page.locator(".xterm-scrollable-element").evaluate("(one) => one.style.backgroundColor")
    assert drawn == paper
    red = page.locator(".xterm-rows span", has_text=re.compile("^red$")).last
    expected = {"dark": "rgb(255, 138, 124)", "light": "rgb(179, 38, 30)"}[scheme]
    await expect(red).to_have_css("color", expected)
    await page.get_by_role("group", name="Keys").get_by_role("button", name="↑").click()
    await expect(rows(page)).to_contain_text("printf '\\033[31mred")


async def test_a_screen_reader_gets_the_lines_and_type_can_be_larger(shells: RunningHive, page: Page) -> None:
    await open_terminal(shells, page)
    await page.get_by_label("Screen reader").check()
    await page.locator(".emulator").click()
    await run(page, "echo spoken")
    await expect(page.locator(".xterm-accessibility-tree")).to_contain_text("spoken")
    size = await page.locator(".terminal-foot .number").text_content()
    await page.get_by_role("button", name="Larger type").click()
    await expect(page.locator(".terminal-foot .number")).not_to_have_text(size or "")
    await page.reload()
    await expect(page.get_by_label("Screen reader")).to_be_checked()


async def test_logging_out_elsewhere_ends_the_window(
    shells: RunningHive, page: Page, complaints: Complaints
) -> None:
    await open_terminal(shells, page)
    await page.evaluate("fetch('/api/logout', { method: 'POST', body: '{}' })")
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert [line for line in complaints if "401" not in line and "WebSocket" not in line] == []
    complaints.clear()


async def test_an_agent_that_is_not_connected_says_so(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await open_part(hive, page)
    await page.get_by_role("button", name="Open a terminal").click()
    await expect(page.get_by_role("alert")).to_contain_text(
        "alice is not connected, so it has no shell to offer"
    )
    # In line with the part's name above it.
    tab, text = [
        await page.locator(place).bounding_box() for place in ('.tabs [role="tab"] >> nth=0', ".nothing p")
    ]
    assert tab
    assert text
    assert abs(tab["x"] - text["x"]) < 3
    assert [line for line in complaints if "409" not in line] == []
    complaints.clear()
