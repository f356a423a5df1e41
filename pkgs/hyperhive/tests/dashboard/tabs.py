"""Tabs of a browser whose notifications are recorded, and what they have shown."""

import asyncio
from collections.abc import Callable
from typing import Any

from playwright.async_api import Page

from tests.dashboard.conftest import RunningHive

#: Records what the page hands to the system, which shows it to nobody in a browser without a screen. Whether
#: somebody looks at a tab is the test's to say: without a window system every tab has the focus.
RECORD = """
  window.shown = [];
  window.focused = 0;
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      this.record = { title, ...options, closed: false };
      window.shown.push(this.record);
      window.click = () => this.dispatchEvent(new Event("click"));
    }
    close() {
      this.record.closed = true;
      super.close();
    }
  };
  window.focus = () => (window.focused += 1);
  let looks = false;
  document.hasFocus = () => looks;
  window.look = (at) => {
    looks = at;
    dispatchEvent(new Event(at ? "focus" : "blur"));
  };
"""
LIVE = ".link[data-link=live]"


async def open_tab(
    open_page: Callable[..., Any], hive: RunningHive, beside: Page | None = None, **options: Any
) -> Page:
    """A tab at which nobody looks, in a browser that may notify; `beside` another one in the same browser."""
    if beside is not None:
        page: Page = await beside.context.new_page()
        await page.goto(hive.url)
    else:
        page = await open_page(hive, log_in=False, **({"permissions": ["notifications"]} | options))
        await page.context.add_init_script(RECORD)
        await page.goto(hive.broker.login_url())
    await page.locator(LIVE).wait_for()
    return page


async def titles(*pages: Page) -> list[str]:
    """Titles of everything that the tabs have shown, in each tab's order."""
    found = [await page.evaluate("window.shown.map((one) => one.title)") for page in pages]
    return [title for one in found for title in one]


async def until(page: Page, script: str) -> None:
    """Wait until the script says true. The page's own policy lets nothing poll inside of it."""
    async with asyncio.timeout(60):
        while not await page.evaluate(script):
            await page.wait_for_timeout(25)


async def told(count: int, *pages: Page) -> list[str]:
    """The same, as soon as there are so many. One of the tabs shows them, whichever it is."""
    async with asyncio.timeout(60):
        while len(await titles(*pages)) < count:
            await pages[0].wait_for_timeout(25)
    return await titles(*pages)


async def remembered(page: Page, message: int) -> None:
    """Wait until this browser knows of the message, whether it was told or not."""
    await until(page, f"JSON.parse(localStorage['notify:memory'] ?? '{{}}').message >= {message}")


async def looked_at(page: Page, *, looks: bool) -> None:
    """Say whether somebody looks at the tab, and wait until every tab can know."""
    await page.evaluate("(at) => window.look(at)", looks)
    held = "navigator.locks.query().then(({ held }) => held.some((one) => one.name.includes('looks')))"
    await until(page, f"{held}.then((held) => held === {str(looks).lower()})")
