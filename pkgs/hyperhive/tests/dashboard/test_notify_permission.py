"""Whether the browser may notify: asked, granted, refused, muted, impossible, and what is said then."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from tests.dashboard.conftest import CHROMIUM, CHROMIUM_ARGS, Complaints, RunningHive
from tests.dashboard.tabs import LIVE, RECORD, open_tab, remembered, titles, told

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_muting_is_heard_by_every_tab_and_unmuting_brings_nothing_old(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    first = await open_tab(open_page, hive)
    second = await open_tab(open_page, hive, beside=first)
    await second.get_by_role("button", name="Notifications, on").click()
    await second.get_by_label("Muted, in every tab of this browser").check()
    await expect(first.get_by_role("button", name="Notifications, muted")).to_be_visible()
    await hive.agents["alice"].send("operator", "quiet")
    await remembered(first, 1)
    await first.reload()
    await first.get_by_role("button", name="Notifications, muted").click()
    await first.get_by_label("Muted, in every tab of this browser").uncheck()
    await expect(second.get_by_role("button", name="Notifications, on")).to_be_visible()
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    assert await told(1, first, second) == ["alice asks"]


async def set_permission(page: Page, setting: str) -> None:
    """What the operator says to the browser's own question, or beside the address."""
    session = await page.context.new_cdp_session(page)
    target = await session.send("Target.getTargetInfo")
    place = {
        "origin": page.url.split("/#")[0].rstrip("/"),
        "browserContextId": target["targetInfo"]["browserContextId"],
    }
    await session.send(
        "Browser.setPermission", {"permission": {"name": "notifications"}, "setting": setting, **place}
    )


async def test_the_button_asks_and_goes_when_it_was_granted(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_tab(open_page, hive, permissions=None)
    # Without a screen the browser's own question is always answered with no.
    await page.expose_function("sayYes", lambda: set_permission(page, "granted"))
    await page.evaluate("() => { Notification.requestPermission = () => window.sayYes(); }")
    ask = page.get_by_role("button", name="Notify me")
    await expect(page.get_by_role("button", name="Notifications, off")).to_be_visible()
    await hive.agents["alice"].send("operator", "before")
    await remembered(page, 1)
    await ask.click()
    await expect(ask).to_have_count(0)
    await expect(page.get_by_role("button", name="Notifications, on")).to_be_visible()
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    assert await told(1, page) == ["alice asks"]
    # The operator may take it back beside the address.
    await set_permission(page, "denied")
    await expect(ask).to_be_visible()


async def test_a_browser_that_was_told_no_says_how_to_change_it(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_tab(open_page, hive, permissions=None)
    await page.get_by_role("button", name="Notify me").click()
    menu = page.get_by_role("dialog", name="Notifications")
    await expect(menu).to_contain_text("Blocked in this browser.")
    await page.keyboard.press("Escape")
    await page.reload()
    await page.get_by_role("button", name="Notify me").click()
    await expect(menu).to_contain_text("Blocked in this browser.")
    await hive.agents["alice"].send("operator", "mail")
    await expect(page.locator(".inbox-message")).to_have_count(1)
    assert await titles(page) == []


async def test_a_browser_that_has_them_for_installed_apps_only_says_so(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, log_in=False, permissions=["notifications"])
    await page.context.add_init_script(
        RECORD + "window.Notification = class { static permission = 'granted'; constructor() {"
        " throw new TypeError('Illegal constructor. Use ServiceWorkerRegistration.showNotification().'); } };"
    )
    await page.goto(hive.broker.login_url())
    await page.locator(LIVE).wait_for()
    await hive.agents["alice"].send("operator", "mail")
    await expect(page.get_by_role("button", name="Notifications, off")).to_be_visible()
    await page.get_by_role("button", name="Notifications, off").click()
    await expect(page.get_by_role("dialog")).to_contain_text("installed apps only")


@pytest_asyncio.fixture(loop_scope="module")
async def far_browser(browser: Browser) -> AsyncIterator[Browser]:
    """A browser that knows this machine as `hive.test`, and not as itself."""
    async with async_playwright() as playwright:
        rules = "--host-resolver-rules=MAP hive.test 127.0.0.1"
        far = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, rules])
        yield far
        await far.close()


async def test_plain_http_beyond_this_machine_says_what_to_do_about_it(
    start_hive: Callable[..., Any], far_browser: Browser
) -> None:
    hive: RunningHive = await start_hive(host_names=("hive.test",))
    page = await far_browser.new_page(viewport={"width": 360, "height": 740})
    page.set_default_timeout(60_000)
    await page.goto(hive.broker.login_url())
    await page.locator(LIVE).wait_for()
    assert await page.evaluate("window.isSecureContext") is False
    await page.get_by_role("button", name="Notify me").click()
    menu = page.get_by_role("dialog", name="Notifications")
    await expect(menu).to_contain_text(f"this one is {hive.url}")
    await expect(menu).to_contain_text("services.hyperhive.dashboard.tls")
    await expect(menu).to_contain_text("[dashboard]")
    port = hive.url.rpartition(":")[2]
    await expect(menu.locator("pre")).to_have_text(f"ssh -N -L {port}:hive.test:{port} hive.test")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_what_comes_while_the_notifier_is_loaded_is_told(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, log_in=False, permissions=["notifications"])
    await page.context.add_init_script(RECORD)
    came = asyncio.Event()

    async def hold(route: Route) -> None:
        await came.wait()
        await route.continue_()

    await page.route("**/notify_leader.js", hold)
    await page.goto(hive.broker.login_url())
    await page.locator(LIVE).wait_for()
    sent = await hive.agents["alice"].send("operator", "mail")
    await page.locator(f"#message-{sent['id']}").wait_for()
    came.set()
    assert await told(1, page) == ["Message from alice"]


async def test_a_notifier_that_could_not_be_loaded_is_loaded_later(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page: Page = await open_page(hive, log_in=False, permissions=["notifications"])
    await page.context.add_init_script(RECORD)
    failed = asyncio.Event()

    async def fail_once(route: Route) -> None:
        if failed.is_set():
            await route.continue_()
            return
        failed.set()
        await route.abort("connectionrefused")

    await page.route("**/notify_leader.js*", fail_once)
    await page.goto(hive.broker.login_url())
    await page.locator(LIVE).wait_for()
    await failed.wait()
    await hive.agents["alice"].send("operator", "mail")
    assert await told(1, page) == ["Message from alice"]
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()


async def test_a_browser_that_keeps_nothing_still_tells(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, log_in=False, permissions=["notifications"])
    broken = "Storage.prototype.setItem = () => { throw new DOMException('no', 'QuotaExceededError'); };"
    await page.context.add_init_script(RECORD + broken)
    await page.goto(hive.broker.login_url())
    await page.locator(LIVE).wait_for()
    await hive.agents["alice"].send("operator", "mail")
    assert await told(1, page) == ["Message from alice"]
