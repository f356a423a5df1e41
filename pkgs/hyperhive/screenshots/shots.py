"""What there is a picture of: one line for each page of the console."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page, ViewportSize, expect

Steps = Callable[[Page], Awaitable[object]]

SIZES: Final[dict[str, ViewportSize]] = {
    "wide": {"width": 1280, "height": 800},
    "narrow": {"width": 360, "height": 740},
}
SCHEMES: Final = ("light", "dark")


async def _as_it_is(_page: Page) -> None:
    """Nothing needs to be done first."""


@dataclass(frozen=True)
class Shot:
    """One picture, taken in every size and scheme.

    Attributes:
        name: The beginning of the file's name.
        address: The hash of the page's address.
        steps: What is done on the page before the picture is taken.
        ready: Selector of what has to be there.
        session: Whether the operator is logged in.
    """

    name: str
    address: str = "#/"
    ready: str = ".flow .message"
    steps: Steps = _as_it_is
    session: bool = True


async def _widen(page: Page) -> None:
    """Over the whole width, where there is room beside the hive."""
    button = page.get_by_role("button", name="Over the whole width")
    if await button.is_visible():
        await button.click()


async def _run_self_test(page: Page) -> None:
    await page.get_by_role("button", name="Run the self-test").click()
    await expect(page.locator(".selftest .findings").last).to_be_visible(timeout=40_000)


async def _explain(page: Page) -> None:
    field = page.get_by_label("Would this command run?")
    await field.fill("git log | sort > /etc/motd")
    await field.press("Enter")
    await page.locator(".verdict-box").wait_for()


async def _use_terminal(page: Page) -> None:
    """The first picture's window opens a shell, and the others look at it."""
    foot = page.locator(".terminal-foot")
    first = page.get_by_role("button", name="Open a terminal")
    await first.or_(foot).wait_for()
    if await first.is_visible():
        await first.click()
        await expect(foot).to_contain_text("1 viewer")
        await page.keyboard.type("PS1='\\W$ '; clear; ls -l --color; claude --version")
        await page.keyboard.press("Enter")
    await expect(page.locator(".emulator")).to_contain_text("(Claude Code)", timeout=20_000)
    await expect(foot).to_contain_text("1 viewer")


async def _open_keys(page: Page) -> None:
    await page.get_by_role("button", name="Keys").click()
    await page.locator("dialog.keys").wait_for()


async def _open_notifications(page: Page) -> None:
    await page.get_by_role("button", name="Notifications, ").click()
    await page.locator(".notify-menu .lazy[data-styled=true]").wait_for()
    await expect(page.locator(".notify-menu")).not_to_contain_text("Loading…")


SHOTS: Final = (
    Shot("login", session=False, ready="#secret"),
    Shot("hive"),
    Shot("hive-keys", steps=_open_keys),
    Shot("hive-notifications", steps=_open_notifications),
    Shot("agent-log", "#/agent/wren", ".log .entry"),
    Shot("agent-log-wide", "#/agent/atlas", ".log .entry", _widen),
    Shot("agent-inbox", "#/agent/wren/inbox", ".agent-inbox .message"),
    Shot("agent-stats", "#/agent/wren/stats", ".stats canvas", _widen),
    Shot("agent-policy", "#/agent/wren/policy", ".policy", _explain),
    Shot("agent-terminal", "#/agent/wren/terminal", ".terminals", _use_terminal),
    Shot("agent-selftest", "#/agent/wren/selftest", ".selftest", _run_self_test),
    Shot("stats", "#/stats", ".stats canvas"),
    Shot("doctor", "#/doctor", ".doctor .findings"),
)
