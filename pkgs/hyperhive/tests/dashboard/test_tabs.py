"""Many tabs of one browser over plain HTTP/1.1, which has six connections to a host: each of them works."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.dashboard.conftest import Complaints, RunningHive, note, report, status
from tests.dashboard.tabs import LIVE, open_tab, titles, told, until
from tests.dashboard.test_reconnect import forgive
from tests.dashboard.test_selftest import all_well, answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Whether the tab is hidden is the test's to say: a browser without a screen shows all of them.
HIDEABLE = """
  let hidden = false;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
  window.hide = (on) => {
    hidden = on;
    document.dispatchEvent(new Event("visibilitychange"));
  };
"""


async def more_tabs(context: BrowserContext, url: str, count: int) -> list[Page]:
    """Tabs that are opened one after the other, each live before the next."""
    pages = []
    for _ in range(count):
        page = await context.new_page()
        await page.goto(url)
        await page.locator(LIVE).wait_for()
        pages.append(page)
    return pages


def connections(hive: RunningHive) -> int:
    """Streams and sockets that browsers have open."""
    return len(hive.broker._open_calls._calls)


def streams(hive: RunningHive) -> tuple[int, int]:
    """How many streams of the hive, and of alice's log, browsers follow."""
    services = hive.broker.services
    return len(services.hive._watchers), len(services.events._watchers.get("alice", ()))


async def settled(measure: Callable[[], object], value: object) -> None:
    async with asyncio.timeout(20):
        while measure() != value:
            await asyncio.sleep(0.02)


async def say(hive: RunningHive, text: str) -> None:
    """An event in alice's log, told to whoever looks."""
    await hive.broker.services.events.append("alice", [note(text)])


@pytest.mark.parametrize(("tabs", "shared"), [(20, True), (8, False)])
async def test_twenty_tabs_on_an_agents_page_load_follow_it_and_answer_at_once(
    hive: RunningHive, open_page: Callable[..., Any], *, tabs: int, shared: bool
) -> None:
    """On one connection for all of them, and where a browser has no shared workers on one for each."""
    first: Page = await open_page(hive, log_in=False)
    if not shared:
        await first.context.add_init_script("delete window.SharedWorker")
    await first.goto(hive.broker.login_url())
    await first.goto(f"{hive.url}/#/agent/alice")
    await first.locator(LIVE).wait_for()
    pages = [first, *await more_tabs(first.context, f"{hive.url}/#/agent/alice", tabs - 1)]
    await settled(lambda: (streams(hive), connections(hive)), ((tabs, tabs), 1 if shared else tabs))

    await say(hive, "to all of them")
    asked = await hive.agents["bob"].call("/v1/questions", {"question": "Which?", "options": ["this one"]})
    for page in pages:
        await expect(page.locator(".log li").last).to_contain_text("to all of them")
        await expect(page.locator(".question")).to_have_count(1)
    await pages[-1].bring_to_front()
    await pages[-1].get_by_role("button", name="this one").click()
    for page in pages:
        await expect(page.locator(".question")).to_have_count(0)
    [answer] = await hive.agents["bob"].lease("t", wait_seconds=30)
    assert (answer["question"], answer["kind"]) == (asked["id"], "question_answered")
    for page in pages:
        await page.close()
    await settled(lambda: streams(hive), (0, 0))


async def test_a_tab_that_is_hidden_for_long_lets_its_streams_go_and_catches_up(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    leader = await open_tab(open_page, hive)
    page = await leader.context.new_page()
    await page.add_init_script(HIDEABLE)
    await page.clock.install()
    await page.goto(f"{hive.url}/#/agent/alice")
    await page.locator(LIVE).wait_for()
    await settled(lambda: streams(hive), (2, 1))

    await page.evaluate("hide(true)")
    await say(hive, "just hidden")
    await expect(page.locator(".log li").last).to_contain_text("just hidden")
    await page.clock.run_for(31_000)
    await settled(lambda: streams(hive), (1, 0))
    await say(hive, "long hidden")
    await hive.agents["bob"].send("operator", "mail")
    # The count in its title comes from the tab that follows the hive for all.
    await until(page, "document.title === '(1) hyperhive'")
    assert await told(1, leader) == ["Message from bob"]
    assert "long hidden" not in str(await page.locator(".log").text_content())

    await page.evaluate("hide(false)")
    await expect(page.locator(".log li").last).to_contain_text("long hidden")
    await expect(page.locator(".inbox-message")).to_have_count(1)
    assert streams(hive) == (2, 1)


async def test_the_tab_that_notifies_goes_on_while_hidden_and_a_hidden_one_takes_over(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    first = await open_tab(open_page, hive)
    await first.context.add_init_script(HIDEABLE)
    await first.context.clock.install()
    for page in (first, second := await first.context.new_page()):
        await page.goto(f"{hive.url}/#/agent/alice")
        await page.reload()
        await page.locator(LIVE).wait_for()
    for page in (first, second):
        await page.evaluate("hide(true)")
        await page.clock.run_for(31_000)
    await settled(lambda: streams(hive), (1, 0))
    await hive.agents["bob"].send("operator", "one")
    assert await told(1, first, second) == ["Message from bob"]
    await until(second, "document.title === '(1) hyperhive'")
    leader, other = (first, second) if await titles(first) else (second, first)
    await leader.close()
    await settled(lambda: streams(hive), (1, 0))
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    assert await told(1, other) == ["alice asks"]


async def test_every_tab_is_back_after_the_shared_connection_was_killed(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    first: Page = await open_page(hive)
    pages = [first, *await more_tabs(first.context, f"{hive.url}/#/agent/alice", 3)]
    await settled(lambda: connections(hive), 1)
    assert first.context.browser is not None
    session = await first.context.browser.new_browser_cdp_session()
    targets = (await session.send("Target.getTargets"))["targetInfos"]
    [worker] = [one["targetId"] for one in targets if one["type"] == "shared_worker"]
    await session.send("Target.closeTarget", {"targetId": worker})
    await settled(lambda: connections(hive), 0)
    await hive.agents["bob"].send("operator", "meanwhile")
    await say(hive, "meanwhile")
    for page in pages:
        await expect(page.locator(".inbox-message")).to_have_count(1, timeout=30_000)
    for page in pages[1:]:
        await expect(page.locator(".log li").last).to_contain_text("meanwhile", timeout=30_000)
    await settled(lambda: (streams(hive), connections(hive)), ((4, 3), 1))


async def test_every_tab_is_back_after_a_restart_of_the_broker(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    first: Page = await open_page(hive)
    pages = [first, *await more_tabs(first.context, f"{hive.url}/#/agent/alice", 7)]
    await say(hive, "before")
    for page in pages[1:]:
        await expect(page.locator(".log li").last).to_contain_text("before")
    await hive.stop()
    for page in pages:
        await expect(page.locator(".link")).to_contain_text("Disconnected")
    await hive.resume()
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), note("again").model_dump(mode="json")))
    for page in pages:
        await page.locator(LIVE).wait_for()
    for page in pages[1:]:
        await expect(page.locator(".log li").last).to_contain_text("again")
    await link.close()
    forgive(complaints)


async def test_a_logout_ends_every_tab_also_one_that_follows_nothing(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    first = await open_tab(open_page, hive)
    seen = await more_tabs(first.context, f"{hive.url}/#/agent/alice", 7)
    hidden = await first.context.new_page()
    await hidden.add_init_script(HIDEABLE)
    await hidden.clock.install()
    await hidden.goto(hive.url)
    await hidden.locator(LIVE).wait_for()
    await hidden.evaluate("hide(true)")
    await hidden.clock.run_for(31_000)
    await settled(lambda: streams(hive), (8, 7))
    # The tabs' connection is of the login before.
    await first.goto(hive.broker.login_url())
    await first.locator(LIVE).wait_for()
    await first.get_by_role("button", name="Log out").click()
    for page in (first, *seen):
        await expect(page.locator("#secret")).to_be_visible()
    await hidden.evaluate("hide(false)")
    await expect(hidden.locator("#secret")).to_be_visible()
    assert [line for line in complaints if "401" not in line] == []
    complaints.clear()


async def test_calls_that_take_long_leave_connections_for_the_others(
    start_hive: Callable[..., Any], open_page: Callable[..., Any]
) -> None:
    names = [f"agent-{number}" for number in range(8)]
    hive: RunningHive = await start_hive(agents={name: {} for name in names})
    links = [await hive.agents[name].link() for name in names]
    first: Page = await open_page(hive)
    pages = [first, *await more_tabs(first.context, hive.url, len(names) - 1)]
    for page, name in zip(pages, names, strict=True):
        await page.goto(f"{hive.url}/#/agent/{name}/selftest")
        await page.get_by_role("button", name="Run the self-test").click()
        await expect(page.get_by_role("button", name="Running…")).to_be_visible()
    await settled(lambda: len(hive.broker.services.selftests._running), 3)
    [other] = await more_tabs(first.context, hive.url, 1)
    await other.get_by_label("To", exact=True).fill("agent-0")
    await other.get_by_label("Message", exact=True).fill("meanwhile")
    await other.get_by_label("Message", exact=True).press("Enter")
    [message] = await hive.agents["agent-0"].lease("t", wait_seconds=30)
    assert message["body"] == "meanwhile"
    await asyncio.gather(*(answer(link, all_well()) for link in links))
    for page in pages:
        await expect(page.locator(".selftest [role=status]")).to_contain_text("Nothing failed.")
    for link in links:
        await link.close()
