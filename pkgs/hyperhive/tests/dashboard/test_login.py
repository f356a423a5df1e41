from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_login_link_leads_to_the_hive_and_leaves_no_token_in_the_address(
    hive: RunningHive, page: Page
) -> None:
    await expect(page.get_by_role("heading", name="Agents")).to_be_visible()
    assert page.url == f"{hive.url}/"
    await expect(page.locator(".needs")).to_contain_text("Nothing needs you. 3 agents, none working.")


async def test_a_wrong_token_is_refused_in_words_and_the_right_one_opens_the_hive(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page: Page = await open_page(hive, log_in=False)
    await page.goto(hive.url)
    await page.get_by_label("Token", exact=True).last.fill("wrong")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    # The browser itself notes every answer that is not a success.
    assert [line for line in complaints if "401" not in line] == []
    complaints.clear()
    await page.locator("#secret").fill(hive.broker.services.sessions.token())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Agents")).to_be_visible()


async def test_a_login_link_that_was_refused_says_so(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, log_in=False)
    await page.goto(f"{hive.url}/?token=wrong")
    await expect(page.get_by_role("alert")).to_contain_text("That login link is not valid")
    assert page.url == f"{hive.url}/"


async def test_logging_out_leads_back_to_the_login_page_in_every_window(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    other = await page.context.new_page()
    await other.goto(hive.url)
    await other.locator(".link[data-link=live]").wait_for()
    await page.get_by_role("button", name="Log out").click()
    await expect(page.locator("#secret")).to_be_visible()
    await expect(other.locator("#secret")).to_be_visible()
    assert [line for line in complaints if "401" not in line] == []
    complaints.clear()


async def test_a_link_on_another_site_leads_to_the_place_that_it_names(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await hive.agents["alice"].call("/v1/questions", {"question": "Which?"})
    # Another site: what a service for pushes is as well.
    elsewhere = f"http://localhost:{hive.broker.url.rpartition(':')[2]}"
    link = f"<a href='{hive.url}/#/question/1'>see it</a>"
    await page.route(f"{elsewhere}/", lambda route: route.fulfill(body=link, content_type="text/html"))
    await page.goto(f"{elsewhere}/")
    await page.get_by_text("see it").click()
    await expect(page.locator("#question-1")).to_be_focused()
    assert page.url == f"{hive.url}/#/question/1"
    complaints.clear()
