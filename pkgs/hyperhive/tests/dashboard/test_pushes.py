"""The menu below the bell: where pushes to a phone go, a button that tries it, and how they went."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import Complaints, RunningHive
from tests.ntfy_server import NtfyServer, Scripted, ntfy_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[NtfyServer]:
    async with ntfy_server() as running:
        yield running


async def open_menu(page: Page) -> Locator:
    await page.get_by_role("button", name="Notifications, ").click()
    menu = page.get_by_role("dialog", name="Notifications")
    await expect(menu.get_by_role("heading", name="Phone")).to_be_visible()
    return menu


async def test_pushes_are_listed_with_how_they_went(
    start_hive: Callable[..., Any], open_page: Callable[..., Any], server: NtfyServer
) -> None:
    hive: RunningHive = await start_hive(
        notifications=server.settings(dashboard_url="https://hive.example.org")
    )
    page: Page = await open_page(hive)
    server.script = [Scripted(403, text='{"error": "<b>forbidden</b>"}')]
    await hive.agents["alice"].call("/v1/questions", {"question": "Which?"})
    await expect(page.locator(".notice")).to_contain_text(
        "The ntfy server refused a push: 403 <b>forbidden</b>"
    )
    await hive.agents["bob"].send("operator", "mail")
    for _ in range(400):
        if server.taken:
            break
        await page.wait_for_timeout(25)
    menu = await open_menu(page)
    rows = menu.get_by_role("list", name="Latest pushes").get_by_role("listitem")
    await expect(rows.locator(".title")).to_have_text(["Message from bob", "alice asks"])
    await expect(rows.locator(".outcome")).to_have_text(["sent", "failed"])
    await expect(rows.locator(".error")).to_have_text("403 <b>forbidden</b>")
    await expect(menu).to_contain_text(f"goes to {server.url}, with a link to https://hive.example.org.")


async def test_the_keyboard_opens_the_menu_sends_a_test_and_closes_it(
    start_hive: Callable[..., Any], open_page: Callable[..., Any], server: NtfyServer
) -> None:
    hive: RunningHive = await start_hive(notifications=server.settings(delay_seconds=600))
    page: Page = await open_page(hive, viewport={"width": 360, "height": 740})
    bell = page.get_by_role("button", name="Notifications, ")
    await bell.focus()
    await page.keyboard.press("Enter")
    menu = page.get_by_role("dialog", name="Notifications")
    await expect(menu).to_contain_text("without a link")
    await expect(menu).to_contain_text("Nothing was pushed yet.")
    test = menu.get_by_role("button", name="Send a test notification")
    await test.focus()
    await page.keyboard.press("Enter")
    await expect(menu.get_by_role("status").last).to_have_text("The server took it: 200 OK")
    await expect(menu.locator(".deliveries .title")).to_have_text(["Test from hyperhive"])
    server.token = "another"
    await page.keyboard.press("Enter")
    await expect(menu.get_by_role("status").last).to_have_text("Not taken: 403 forbidden")
    await expect(menu.locator(".deliveries .outcome")).to_have_text(["failed", "sent"])
    assert server.titles() == ["Test from hyperhive"]
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(bell).to_be_focused()


async def test_escape_closes_the_menu_wherever_the_keyboard_is_and_nothing_below_it(
    hive: RunningHive, page: Page
) -> None:
    await page.goto(f"{hive.url}/#/doctor")
    await expect(page.locator("#panel-title")).to_be_focused()
    menu = await open_menu(page)
    for place in ("#panel-title", "body"):
        if place == "body":
            menu = await open_menu(page)
            await menu.get_by_role("heading", name="Phone").click()
        else:
            await page.locator(place).focus()
        await page.keyboard.press("Escape")
        await expect(menu).to_have_count(0)
        await expect(page.get_by_role("button", name="Notifications, ")).to_be_focused()
        await expect(page.locator(".panel")).to_have_count(1)
    await page.locator("#panel-title").focus()
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)


async def test_without_ntfy_the_menu_says_what_it_would_be_good_for(hive: RunningHive, page: Page) -> None:
    menu = await open_menu(page)
    await expect(menu).to_contain_text("services.hyperhive.notifications.ntfy")
    await expect(menu.get_by_role("button", name="Send a test notification")).to_have_count(0)
    await page.locator("#agents-title").click()
    await expect(menu).to_have_count(0)


async def test_a_menu_without_a_broker_says_so_and_goes_on(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await page.route("**/api/notifications", lambda route: route.abort())
    menu = await open_menu(page)
    await expect(menu.get_by_role("alert")).to_have_text("The broker does not answer.")
    await page.unroute("**/api/notifications")
    await page.keyboard.press("Escape")
    menu = await open_menu(page)
    await expect(menu).to_contain_text("Nothing is pushed.")
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()
