"""Parked mail in a real browser: shown with its error as text, tried again and dropped."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import RunningHive

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "API Error: 400 <img src=x onerror=alert(1)>"


async def park(hive: RunningHive, body: str) -> dict[str, Any]:
    """A message of alice's that bob's turns failed with, three times alone."""
    sent = await hive.agents["alice"].send("bob", body)
    await fail_with(hive, sent)
    return sent


async def fail_with(hive: RunningHive, sent: dict[str, Any]) -> None:
    for turn in range(3):
        name = f"{sent['id']}-{turn}"
        await hive.agents["bob"].lease(name)
        await hive.agents["bob"].call("/v1/inbox/requeue", {"turn": name, "failed": HOSTILE})


async def test_parked_mail_needs_the_operator_and_is_tried_again_or_dropped(
    hive: RunningHive, page: Page
) -> None:
    first, second = await park(hive, "poison one"), await park(hive, "poison two")
    need = page.locator(".needs .need", has_text="2 parked messages")
    await expect(need).to_be_visible()
    row = page.locator(f"#parked-{first['id']}")
    await expect(row.locator(".reason")).to_contain_text(HOSTILE)
    await expect(row.locator("img")).to_have_count(0)
    await expect(row).to_contain_text("3 turns failed with it")
    told = page.locator(".message[data-state=parked]").first
    await expect(told).to_contain_text(f"3 turns failed with it: {HOSTILE}", use_inner_text=True)
    await need.click()
    await expect(page.locator("#parked-title")).to_be_focused()

    await row.get_by_role("button", name="Retry").click()
    await expect(row).to_have_count(0)
    assert (await hive.broker.services.messages.get(first["id"])).state.value == "queued"
    other = page.locator(f"#parked-{second['id']}")
    await other.get_by_role("button", name="Drop").click()
    assert (await hive.broker.services.messages.get(second["id"])).state.value == "parked"
    await other.get_by_role("button", name="Drop it: nobody will get it").click()
    await expect(page.locator(".parked-mail")).to_have_count(0)
    assert (await hive.broker.services.messages.get(second["id"])).state.value == "undeliverable"
    await expect(page.locator(".needs")).not_to_contain_text("parked")
    await hive.agents["bob"].lease("done")
    await hive.agents["bob"].call("/v1/inbox/ack", {"turn": "done"})


async def test_an_agents_page_shows_what_is_parked_on_its_way_to_it(hive: RunningHive, page: Page) -> None:
    sent = await park(hive, "poison three")
    await page.goto(f"{hive.url}/#/agent/bob/inbox")
    part = page.locator(".agent-inbox .parked-mail")
    await expect(part.locator(".parked")).to_contain_text(HOSTILE)
    await part.get_by_role("button", name="Drop").click()
    await part.get_by_role("button", name="Drop it: nobody will get it").click()
    await expect(part).to_have_count(0)
    assert (await hive.broker.services.messages.get(sent["id"])).state.value == "undeliverable"


async def test_the_address_of_a_push_leads_to_the_parked_message(hive: RunningHive, page: Page) -> None:
    sent = await park(hive, "poison four")
    await page.goto(f"{hive.url}/#/parked/{sent['id']}")
    await expect(page.locator(f"#parked-{sent['id']}")).to_be_focused()
    await hive.broker.services.messages.drop(sent["id"])


async def test_an_address_that_is_faster_than_what_it_names_leads_there_once_it_comes(
    hive: RunningHive, page: Page
) -> None:
    sent = await hive.agents["alice"].send("bob", "poison five")
    await page.goto(f"{hive.url}/#/parked/{sent['id']}")
    await expect(page.locator("#flow-title")).to_be_focused()
    await fail_with(hive, sent)
    await expect(page.locator(f"#parked-{sent['id']}")).to_be_focused()
    await hive.broker.services.messages.drop(sent["id"])
