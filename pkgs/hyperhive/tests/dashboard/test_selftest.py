"""The self-test on an agent's page: rows that say what is true, over an agent that a test plays."""

import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from hyperhive.diagnosis.host_probes import OUTSIDE
from hyperhive.diagnosis.isolation import INSIDE
from hyperhive.protocol.diagnosis import Outcome
from tests.dashboard.conftest import Complaints, RunningHive

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE = {"width": 360, "height": 740}


def all_well(**found: str) -> list[dict[str, str]]:
    """What an agent says of all its probes; `found` are those that failed, by their keys."""
    return [
        {
            "key": probe.key,
            "outcome": "failed" if probe.key in found else "ok",
            "found": found.get(probe.key, "as it should be"),
        }
        for probe in INSIDE
    ]


async def answer(link: aiohttp.ClientWebSocketResponse, observations: list[dict[str, str]]) -> None:
    """Play the harness for one self-test."""
    asked = await link.receive_json(timeout=30)
    assert asked["type"] == "run_self_test"
    await link.send_json({"type": "self_test_done", "id": asked["id"], "observations": observations})


async def open_part(page: Page) -> Locator:
    await page.locator("#agent-alice").click()
    await page.get_by_role("tab", name="Self-test").click()
    return page.locator(".selftest")


async def test_the_keyboard_runs_it_and_rows_say_in_words_and_colour_how_it_ended(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    hive.broker.services.selftests._contained = True
    link = await hive.agents["alice"].link()
    page: Page = await open_page(hive)
    part = await open_part(page)
    await expect(part.get_by_role("status")).to_have_text("Not run since the broker started.")
    await part.get_by_role("button", name="Run the self-test").focus()
    await page.keyboard.press("Enter")
    await expect(part.get_by_role("button", name="Running…")).to_have_attribute("aria-disabled", "true")
    await answer(link, all_well(devices="mknod: <b>a device</b> could be made"))
    row = part.locator("li", has_text="devices")
    await expect(row).to_have_attribute("data-outcome", "failed")
    await expect(row.locator(".outcome")).to_have_text("failed")
    await expect(row.locator(".found")).to_have_text("mknod: <b>a device</b> could be made")
    meaning = next(probe for probe in INSIDE if probe.key == "devices").meanings[Outcome.FAILED]
    await expect(row.locator(".meaning")).to_have_text(meaning)
    await expect(part.locator("h3")).to_have_text(["Seen by the broker", "Said by the agent itself"])
    await expect(part.locator("li .probe")).to_have_text([probe.name for probe in (*OUTSIDE, *INSIDE)])
    # This process is the agent's other end, and no container: so the broker says.
    peer = part.locator("li", has_text="peer").first
    await expect(peer).to_have_attribute("data-outcome", "failed")
    await expect(part.get_by_role("status")).to_have_text(
        re.compile(r"Not all is as it should be\. \d+ failed, \d+ ok")
    )
    await expect(part.get_by_role("button", name="Run the self-test")).to_be_focused()

    await page.reload()
    await expect(row.locator(".outcome")).to_have_text("failed")
    await link.close()


async def test_an_agent_without_walls_is_not_red(hive: RunningHive, open_page: Callable[..., Any]) -> None:
    link = await hive.agents["alice"].link()
    page: Page = await open_page(hive, viewport=PHONE)
    part = await open_part(page)
    await part.get_by_role("button", name="Run the self-test").click()
    await answer(link, all_well(devices="mknod: a device could be made"))
    await expect(part.locator("[data-outcome=none] .outcome").first).to_have_text("no wall")
    await expect(part.locator("[data-outcome=failed]")).to_have_count(0)
    await expect(part).to_contain_text("No walls were promised")
    await expect(part.get_by_role("status")).to_contain_text("Nothing failed.")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wide = await part.evaluate(
        "(one) => [...one.querySelectorAll('*')].filter((it) => it.scrollWidth > it.clientWidth + 1"
        " && getComputedStyle(it).display !== 'inline').length"
    )
    assert wide == 0
    await link.close()


async def test_an_agent_that_is_not_connected_says_so(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page: Page = await open_page(hive)
    part = await open_part(page)
    await part.get_by_role("button", name="Run the self-test").click()
    await expect(part.get_by_role("alert")).to_contain_text("alice is not connected")
    assert [one for one in complaints if "409" not in one] == []
    complaints.clear()
