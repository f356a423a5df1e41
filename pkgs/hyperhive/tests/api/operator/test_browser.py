"""The login in a real browser, as far as only a browser can show it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect

from hyperhive.system.listeners import Listener
from tests.api.conftest import RunningHive, StartHive

CHROMIUM = shutil.which("chromium")

expect.set_options(timeout=15_000)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
async def hive(start_hive: StartHive, dashboard_dir: Path) -> RunningHive:
    """A console that says in its title what its script could fetch."""
    (dashboard_dir / "index.html").write_text(
        "<!doctype html><title>console</title><script type=module src=/static/js/console.js></script>"
    )
    (dashboard_dir / "js" / "console.js").write_text(
        "const answer = await fetch('/api/state'); document.title = `state ${answer.status}`;"
    )
    (dashboard_dir / "js" / "login.js").write_text(
        "document.title = `login ${location.hash}`; import { post } from './http.js'; post;"
    )
    return await start_hive()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(15_000)
        yield page
        await browser.close()


@pytest.fixture
async def other_site(hive: RunningHive) -> AsyncIterator[str]:
    """A page of another site with a link that logs in; to a browser `localhost` is not `127.0.0.1`."""

    async def link(_request: web.Request) -> web.Response:
        return web.Response(text=f"<a href='{hive.broker.login_url()}'>go</a>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", link)
    listener = Listener(app, failure=lambda status: web.Response(status=status), connections=10)
    port = await listener.start_tcp("localhost", 0, None)
    yield f"http://localhost:{port}/"
    await listener.stop()


async def test_a_login_link_on_another_sites_page_leads_to_the_console(
    hive: RunningHive, page: Page, other_site: str
) -> None:
    await page.goto(other_site)
    await page.click("a")
    await expect(page).to_have_title("state 200")
    assert page.url == f"{hive.url}/"
    cookies = await page.context.cookies()
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")]
    assert await page.evaluate("document.cookie") == ""


async def test_another_sites_plain_link_leads_a_known_browser_to_the_console(
    hive: RunningHive, page: Page, other_site: str
) -> None:
    await page.goto(hive.broker.login_url())
    await expect(page).to_have_title("state 200")
    await page.goto(other_site)
    await page.evaluate(f"document.querySelector('a').href = '{hive.url}/'")
    await page.click("a")
    await expect(page).to_have_title("state 200")


async def test_a_refused_login_link_leads_to_the_login_page_that_says_so(
    hive: RunningHive, page: Page
) -> None:
    await page.goto(f"{hive.url}/?token=wrong")
    await expect(page).to_have_title("login #refused")


async def test_another_sites_script_reads_and_changes_nothing(
    hive: RunningHive, page: Page, other_site: str
) -> None:
    await page.goto(hive.broker.login_url())
    await expect(page).to_have_title("state 200")
    await page.goto(other_site)
    outcome = await page.evaluate(
        """async (url) => {
            const outcomes = [];
            const body = JSON.stringify({to: "alice", body: "from elsewhere"});
            for (const options of [{}, {method: "POST", body}, {method: "POST", body, mode: "no-cors"}]) {
                try {
                    const answer = await fetch(`${url}/api/messages`, {credentials: "include", ...options});
                    outcomes.push(answer.type);
                } catch (error) {
                    outcomes.push(error.name);
                }
            }
            outcomes.push(await new Promise((resolve) => {
                const stream = new EventSource(`${url}/messages/stream`, {withCredentials: true});
                stream.onerror = () => resolve("no stream");
                stream.onopen = () => resolve("stream");
            }));
            return outcomes;
        }""",
        hive.url,
    )
    assert outcome == ["TypeError", "TypeError", "TypeError", "no stream"]
    async with hive.admin.get("/api/state") as response:
        assert (await response.json())["messages"] == []
