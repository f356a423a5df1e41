"""An agent's page: its tabs have addresses, the keyboard walks them, and its width is remembered."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_tab_has_an_address_of_its_own_and_the_back_button_leaves_it(
    hive: RunningHive, page: Page
) -> None:
    await page.locator("#agent-alice").click()
    await expect(page.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
    await page.get_by_role("tab", name="Policy").click()
    assert page.url.endswith("#/agent/alice/policy")
    await expect(page.get_by_role("tabpanel", name="Policy")).to_contain_text("Writes to")
    await page.reload()
    await expect(page.get_by_role("tabpanel", name="Policy")).to_contain_text("Writes to")
    await page.go_back()
    await expect(page.get_by_role("tabpanel", name="Log")).to_contain_text("No turn has been logged yet.")
    await page.goto(f"{hive.url}/#/agent/alice/nothing-like-it")
    await expect(page.get_by_role("tabpanel", name="Log")).to_be_visible()


async def test_arrow_keys_walk_the_tabs_and_leave_one_entry_in_the_history(
    hive: RunningHive, page: Page
) -> None:
    await page.locator("#agent-alice").click()
    await page.get_by_role("tab", name="Log").focus()
    length = await page.evaluate("history.length")
    await page.keyboard.press("ArrowLeft")
    last = page.get_by_role("tab").last
    await expect(last).to_be_focused()
    await expect(last).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab").nth(1)).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_role("tab").nth(1)).to_be_focused()
    assert await page.evaluate("history.length") == length
    selected = page.locator("[role=tab][tabindex='0']")
    await expect(selected).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)


async def test_the_page_takes_the_whole_width_at_a_key_and_remembers_it(
    hive: RunningHive, page: Page
) -> None:
    await page.locator("#agent-alice").click()
    panel = page.locator(".panel")
    await page.get_by_role("button", name="Over the whole width").wait_for()
    await expect(page.locator("#panel-title")).to_be_focused()
    beside = await panel.bounding_box()
    await page.keyboard.press("w")
    await expect(page.get_by_role("button", name="Over the whole width")).to_have_attribute(
        "aria-pressed", "true"
    )
    wide = await panel.bounding_box()
    assert beside is not None
    assert wide is not None
    assert wide["width"] > beside["width"] * 1.5
    # The way to the next agent stays.
    await page.locator("#agent-bob").click()
    await expect(page.locator("#panel-title")).to_have_text("bob")
    await page.get_by_label("Message to bob").fill("w")
    await page.reload()
    await expect(panel).to_have_attribute("data-wide", "true")
    assert await panel.bounding_box() == wide
    await page.get_by_role("button", name="Over the whole width").click()
    assert await panel.bounding_box() == beside


async def test_a_part_that_cannot_be_fetched_says_so_and_is_fetched_again(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page: Page = await open_page(hive)
    await page.route("**/views/policy.js", lambda route: route.abort())
    await page.goto(f"{hive.url}/#/agent/alice/policy")
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()
    await page.unroute("**/views/policy.js")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("Writes to")


async def test_a_page_that_cannot_be_fetched_says_so_and_can_be_left(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await page.route("**/js/views/agent_page.js", lambda route: route.abort())
    await page.locator("#agent-alice").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    await expect(page.locator("#panel-title")).to_have_text("alice")
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)
    await expect(page.locator("#agent-alice")).to_be_focused()
    complaints.clear()


async def test_the_inbox_shows_what_waits_and_what_became_of_the_rest(hive: RunningHive, page: Page) -> None:
    alice, boss = hive.agents["alice"], hive.agents["boss"]
    await boss.send("alice", "the first")
    await alice.lease("t1")
    await alice.call("/v1/inbox/ack", {"turn": "t1"})
    await boss.send("alice", "the second")
    await alice.lease("t2")
    await boss.send("alice", "the third")
    await boss.send("bob", "not hers")
    await page.goto(f"{hive.url}/#/agent/alice/inbox")
    waiting = page.get_by_role("region", name="Waiting").locator(".message")
    recent = page.get_by_role("region", name="Recent mail").locator(".message")
    await expect(waiting).to_have_text([re.compile("leased.*the second"), re.compile("queued.*the third")])
    await expect(recent).to_have_text([re.compile("acked.*the first")])

    await alice.call("/v1/inbox/ack", {"turn": "t2"})
    await boss.send("alice", "the fourth")
    await expect(waiting).to_have_text([re.compile("the third"), re.compile("the fourth")])
    await expect(recent).to_have_text([re.compile("acked.*the second"), re.compile("the first")])


async def test_an_inbox_is_whole_again_after_the_broker_was_away(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await hive.agents["boss"].send("alice", "before")
    await page.goto(f"{hive.url}/#/agent/alice/inbox")
    rows = page.get_by_role("tabpanel").locator(".message")
    await expect(rows).to_have_count(1)
    await hive.stop()
    await expect(page.get_by_role("tabpanel")).to_contain_text("Not connected")
    await expect(rows).to_have_count(1)
    await hive.resume()
    await hive.agents["boss"].send("alice", "after")
    await expect(rows).to_have_text([re.compile("before"), re.compile("after")])
    await expect(page.get_by_role("tabpanel")).not_to_contain_text("Not connected")
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()
