"""Notifications of the browser: who is told what, how often, and what a click does."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.dashboard.conftest import Complaints, RunningHive, report, status
from tests.dashboard.tabs import LIVE, looked_at, open_tab, remembered, titles, told, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_kind_of_event_is_told_once_in_words_of_its_own(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_tab(open_page, hive)
    await hive.agents["alice"].call("/v1/questions", {"question": "Which <b>?"})
    await told(1, page)
    await hive.agents["bob"].send("operator", "done")
    await told(2, page)
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("failed", "no disk")))
    await told(3, page)
    await link.send_json(report(status("needs_login", "expired")))
    await told(4, page)
    assert await page.evaluate("window.shown") == [
        {"title": "alice asks", "tag": "question:1", "body": "Which <b>?", "closed": False},
        {"title": "Message from bob", "tag": "message:1", "body": "done", "closed": False},
        {"title": "alice failed", "tag": "agent_failed:alice", "body": "no disk", "closed": True},
        {"title": "alice needs login", "tag": "agent_needs_login:alice", "body": "expired", "closed": False},
    ]
    await link.close()


async def test_two_tabs_tell_once_and_the_other_takes_over_when_one_is_closed(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    first = await open_tab(open_page, hive)
    second = await open_tab(open_page, hive, beside=first)
    for number in (1, 2):
        await hive.agents["alice"].send("operator", f"m{number}")
        assert await told(number, first, second) == ["Message from alice"] * number
    # The one that was there first has the say.
    assert await titles(second) == []
    await first.close()
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    assert await told(1, second) == ["alice asks"]


async def test_neither_the_first_visit_nor_a_reload_tells_of_what_waits_already(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    link = await hive.agents["bob"].link()
    await link.send_json(report(status("failed", "no disk")))
    for number in range(6):
        await hive.agents["alice"].send("operator", f"m{number}")
    page = await open_tab(open_page, hive)
    await hive.agents["alice"].send("operator", "new")
    assert await told(1, page) == ["Message from alice"]
    await page.reload()
    await page.locator(LIVE).wait_for()
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    assert await told(1, page) == ["alice asks"]
    await link.close()


async def test_what_came_while_no_tab_was_open_is_told_and_a_restart_doubles_nothing(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page = await open_tab(open_page, hive)
    other = await open_tab(open_page, hive, beside=page)
    await hive.agents["alice"].send("operator", "one")
    await told(1, page, other)

    await hive.stop()
    await expect(page.locator(".link")).to_contain_text("Disconnected")
    await hive.resume()
    # Before any of the tabs is back.
    await hive.agents["alice"].send("operator", "two")
    await page.locator(LIVE).wait_for()
    await other.locator(LIVE).wait_for()
    assert await told(2, page, other) == ["Message from alice"] * 2
    await page.goto("about:blank")
    await other.goto("about:blank")
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    await page.goto(hive.url)
    assert await told(1, page) == ["alice asks"]
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()


async def test_a_failed_agent_is_not_told_again_by_a_restart(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page = await open_tab(open_page, hive)
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("failed", "no disk")))
    await told(1, page)
    await hive.stop()
    await link.close()
    await expect(page.locator(".link")).to_contain_text("Disconnected")
    await hive.resume()
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("failed", "no disk")))
    await page.locator(LIVE).wait_for()
    await expect(page.locator("#agent-alice .state")).to_have_text("failed")
    await hive.agents["bob"].send("operator", "later")
    assert await told(2, page) == ["alice failed", "Message from bob"]
    await link.close()
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()


async def test_many_at_once_are_one_notification(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page = await open_tab(open_page, hive)
    await page.route("**/api/state", lambda route: route.abort())
    await hive.stop()
    await hive.resume()
    for number in range(12):
        await hive.agents["alice"].send("operator", f"m{number}")
    await page.unroute("**/api/state")
    await told(1, page)
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    assert await told(2, page) == ["12 things need you", "alice asks"]
    assert await page.evaluate("window.shown[0].body") == "12 messages"
    complaints.clear()


async def test_nobody_is_told_of_what_happens_before_their_eyes_in_any_tab(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    first = await open_tab(open_page, hive)
    second = await open_tab(open_page, hive, beside=first)
    for number, page in enumerate((first, second), 1):
        await looked_at(page, looks=True)
        await hive.agents["alice"].send("operator", "seen")
        await remembered(first, number)
        await looked_at(page, looks=False)
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    assert await told(1, first, second) == ["alice asks"]


async def test_a_click_brings_the_tab_and_the_item_to_the_front(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_tab(open_page, hive)
    await hive.agents["alice"].send("operator", "old")
    await told(1, page)
    await hive.agents["alice"].call("/v1/questions", {"question": "Which?"})
    await told(2, page)
    await page.locator("#agent-bob").click()
    for number in (1, 2):
        # Also when the address is the question's already.
        await page.evaluate("window.click()")
        await expect(page.locator("#question-1")).to_be_focused()
        await expect(page.locator(".panel")).to_have_count(0)
        assert await page.evaluate("[window.focused, window.shown[1].closed, location.hash]") == [
            number,
            True,
            "#/question/1",
        ]
        # It is marked until the keyboard leaves it; a click into a card marks nothing.
        await expect(page.locator("#question-1")).to_have_attribute("data-sought", "true")
        await page.get_by_label("Message", exact=True).focus()
        await expect(page.locator("[data-sought]")).to_have_count(0)

    link = await hive.agents["alice"].link()
    await link.send_json(report(status("failed", "no disk")))
    await told(3, page)
    await page.evaluate("window.click()")
    await expect(page.locator("#panel-title")).to_have_text("alice")
    await hive.agents["bob"].send("operator", "mail")
    await told(4, page)
    await page.evaluate("window.click()")
    await expect(page.locator("#message-2")).to_be_focused()
    await link.close()


async def test_what_comes_behind_a_long_inbox_is_told_and_found(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    for number in range(1, 131):
        await hive.agents["alice"].send("operator", f"m{number}")
    page = await open_tab(open_page, hive)
    await hive.agents["bob"].send("operator", "the newest")
    assert await told(1, page) == ["Message from bob"]
    await page.evaluate("window.click()")
    newest = page.locator("#message-131")
    await expect(newest).to_be_focused()
    await expect(newest).to_have_attribute("data-sought", "true")
    await expect(page.locator(".inbox-message")).to_have_count(41)
    # Where the address is all that the page knows, after a reload or a tap on a phone; and on a reconnect.
    await page.goto(f"{hive.url}/#/message/115")
    await page.reload()
    sought = page.locator("#message-115")
    await expect(sought).to_be_focused()
    await sought.get_by_role("button", name="Reply").click()
    await hive.stop()
    await expect(page.locator(".link")).to_contain_text("Disconnected")
    await hive.resume()
    await page.locator(LIVE).wait_for()
    await expect(sought.get_by_label("Message to alice")).to_be_visible()
    await sought.get_by_role("button", name="Mark read").click()
    await expect(sought).to_have_count(0)
    await expect(page.locator(".inbox .count")).to_have_text("130")
    # One that was read leads to where it was.
    await page.goto(f"{hive.url}/#/message/1")
    await expect(page.locator("#message-1")).to_be_focused()
    await page.goto(f"{hive.url}/#/message/115")
    await expect(page.locator("#inbox-title")).to_be_focused()
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()


async def test_an_address_of_something_that_is_over_leads_to_where_it_was(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_tab(open_page, hive)
    await page.goto(f"{hive.url}/#/question/99")
    await expect(page.locator("#questions-title")).to_be_focused()
    await page.goto(f"{hive.url}/#/message/99")
    await expect(page.locator("#inbox-title")).to_be_focused()


async def test_a_notification_goes_when_its_item_was_answered_elsewhere(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_tab(open_page, hive)
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    await told(1, page)
    await hive.agents["alice"].send("operator", "mail")
    await told(2, page)
    await hive.broker.services.questions.answer(1, "operator", "yes")
    await until(page, "window.shown[0].closed")
    assert not await page.evaluate("window.shown[1].closed")
    await hive.broker.services.messages.read([1])
    await until(page, "window.shown[1].closed")


async def test_no_notification_outlives_its_page(hive: RunningHive, open_page: Callable[..., Any]) -> None:
    page = await open_tab(open_page, hive)
    await hive.agents["alice"].call("/v1/questions", {"question": "?"})
    await told(1, page)
    assert not await page.evaluate("window.shown[0].closed")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert await page.evaluate("window.shown[0].closed")


async def test_what_agents_write_is_text_in_a_notification_too(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_tab(open_page, hive)
    hostile = "<img src=x onerror=\"document.body.dataset.owned='1'\">\u202e\r\n" + "x" * 5000
    await hive.agents["alice"].send("operator", hostile)
    await told(1, page)
    marked = hostile[:240].replace("\u202e\r", "⟨U+202E⟩⟨CR⟩")
    assert await page.evaluate("window.shown[0].body") == f"{marked}…"
    await page.evaluate("window.click()")
    await expect(page.locator("#message-1")).to_be_focused()
    assert await page.evaluate("document.body.dataset.owned ?? null") is None
