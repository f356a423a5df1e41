"""An agent's terminal on the page, as the tests open and use it."""

import re

from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import RunningHive

#: Whether the page is hidden is for the test to say.
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def rows(page: Page) -> Locator:
    return page.locator(".emulator .xterm-rows")


async def open_part(hive: RunningHive, page: Page) -> None:
    await page.goto(f"{hive.url}/#/agent/alice/terminal")
    await page.locator(".terminals").wait_for()


async def open_terminal(hive: RunningHive, page: Page) -> None:
    """A terminal with a plain prompt, with the keyboard in it."""
    await open_part(hive, page)
    await page.get_by_role("button", name="Open a terminal").click()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer")
    await run(page, "PS1='hive> '; clear")
    await expect(rows(page)).to_have_text(re.compile(r"^\s*hive>\s*$"))


async def run(page: Page, line: str) -> None:
    await page.keyboard.type(line)
    await page.keyboard.press("Enter")
