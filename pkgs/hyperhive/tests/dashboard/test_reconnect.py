import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive, note, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")


def forgive(complaints: Complaints) -> None:
    """Drop what the browser says of a broker that is away."""
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()


async def whole_log(page: Page) -> list[str]:
    """Every row of the log, from its begin to its end, as one finds them by scrolling."""
    found: list[str] = await page.evaluate(
        """async () => {
          const box = document.querySelector('.log .scroll');
          const frame = () => new Promise(requestAnimationFrame);
          const rows = new Map();
          const look = () => {
            for (const row of box.querySelectorAll('li')) {
              const at = Number(row.getAttribute('aria-posinset'));
              if (!rows.has(at)) rows.set(at, row.querySelector('.what').textContent);
            }
          };
          while (!box.querySelector('.edge')?.textContent.includes('The beginning')) {
            box.scrollTop = 0;
            await frame();
          }
          box.scrollTop = 0;
          await frame();
          await frame();
          for (;;) {
            look();
            if (box.scrollTop + box.clientHeight > box.scrollHeight - 2) break;
            box.scrollTop += box.clientHeight;
            await frame();
            await frame();
          }
          return [...rows.keys()].sort((left, right) => left - right).map((at) => rows.get(at));
        }"""
    )
    return [text.strip() for text in found]


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
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), note("one").model_dump(mode="json")))
    await page.locator("#agent-alice").click()
    entries = page.locator(".log .entry .what")
    await expect(entries).to_have_text(["one"])

    await hive.stop()
    await link.close()
    await expect(page.locator(".link")).to_contain_text("Disconnected")
    await hive.resume()
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), note("two").model_dump(mode="json")))
    await expect(entries).to_have_text(["one", "two"])
    await link.close()
    forgive(complaints)


async def test_a_log_loses_and_doubles_no_row_over_a_restart_in_two_tabs(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    link = await hive.agents["alice"].link()
    await hive.write_log("alice", [note(f"note {number:04}") for number in range(400)])
    other = await page.context.new_page()
    for tab in (page, other):
        await tab.goto(f"{hive.url}/#/agent/alice")
        await expect(tab.locator(".log li").last).to_contain_text("note 0399")
    # One of them has paged back, and stays where it is.
    await page.locator(".log .scroll").press("Home")
    await expect(page.locator(".log li").last).to_have_attribute("aria-setsize", "400")

    await hive.stop()
    await link.close()
    for tab in (page, other):
        await expect(tab.locator(".log-bar")).to_contain_text("The broker does not answer.")
    await hive.resume()
    # More than one page was missed, and more arrives while it is caught up with.
    await hive.write_log("alice", [note(f"note {number:04}") for number in range(400, 1100)])
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), note("note 1100").model_dump(mode="json")))

    await expect(other.locator(".log li").last).to_contain_text("note 1100")
    await expect(page.get_by_role("button", name="701 new")).to_be_visible()
    await expect(page.locator(".log li").first).to_contain_text("note 0")
    for tab in (page, other):
        assert await whole_log(tab) == [f"note {number:04}" for number in range(1101)]
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
