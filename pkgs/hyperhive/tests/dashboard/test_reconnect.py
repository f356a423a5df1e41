import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")


def forgive(complaints: Complaints) -> None:
    """Drop what the browser says of a broker that is away."""
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()


async def test_a_restart_of_the_broker_shows_the_same_hive_without_doubled_rows(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await hive.agents["alice"].send("bob", "before the restart")
    await hive.agents["alice"].send("operator", "some mail")
    await hive.agents["bob"].call("/v1/questions", {"question": "Still there?"})
    await expect(page.locator(".question")).to_have_count(1)
    rows = page.locator(".flow .message")
    await expect(rows).to_have_count(2)
    await page.get_by_label("Message", exact=True).fill("half typed")

    await hive.stop()
    await expect(page.locator(".link")).to_contain_text("Disconnected")
    await expect(page.locator(".as-of")).to_be_visible()
    await hive.resume()
    await expect(page.locator(".link")).to_have_text("live")

    await expect(rows).to_have_count(2)
    await expect(page.locator(".inbox .letter")).to_have_count(1)
    await expect(page.locator(".question")).to_have_count(1)
    await hive.agents["alice"].send("bob", "after the restart")
    await expect(rows).to_have_count(3)
    await expect(page.get_by_label("Message", exact=True)).to_have_value("half typed")
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    forgive(complaints)


async def test_a_log_that_is_open_goes_on_after_a_restart(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    note = {"ts": 1.0, "turn": None, "kind": "note"}
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), {**note, "data": {"level": "info", "text": "one"}}))
    await page.locator("#agent-alice").click()
    entries = page.locator(".log .entry .what")
    await expect(entries).to_have_text(["one"])

    await hive.stop()
    await link.close()
    await expect(page.locator(".link")).to_contain_text("Disconnected")
    await hive.resume()
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), {**note, "data": {"level": "info", "text": "two"}}))
    await expect(entries).to_have_text(["one", "two"])
    await link.close()
    forgive(complaints)


async def test_a_page_opened_while_the_broker_is_away_says_so_and_comes_up_by_itself(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await page.route("**/messages/stream", lambda route: route.abort())
    await page.reload()
    await expect(page.locator(".needs")).to_contain_text("The broker does not answer.")
    await page.unroute("**/messages/stream")
    await page.get_by_role("button", name="Now").click()
    await expect(page.locator(".needs")).to_contain_text("Nothing needs you")
    forgive(complaints)
