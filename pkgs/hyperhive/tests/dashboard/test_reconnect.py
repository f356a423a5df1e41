import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

from hyperhive.system.tasks import Tasks
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
    await expect(page.locator(".inbox .inbox-message")).to_have_count(1)
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
    # Nobody is told of what is put into the log: no tab may be back before it is there.
    await page.context.set_offline(offline=True)
    await hive.resume()
    # More than one page was missed, and more arrives while it is caught up with.
    await hive.write_log("alice", [note(f"note {number:04}") for number in range(400, 1100)])
    await page.context.set_offline(offline=False)
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), note("note 1100").model_dump(mode="json")))

    await expect(other.locator(".log li").last).to_contain_text("note 1100")
    await expect(page.get_by_role("button", name="701 new")).to_be_visible()
    await expect(page.locator(".log li").first).to_contain_text("note 0")
    for tab in (page, other):
        # A tab behind another one draws once in a second.
        await tab.bring_to_front()
        assert await whole_log(tab) == [f"note {number:04}" for number in range(1101)]
    await link.close()
    forgive(complaints)


async def test_a_page_opened_while_the_broker_is_away_says_so_and_comes_up_by_itself(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await page.route("**/api/state", lambda route: route.abort())
    await page.reload()
    await expect(page.locator(".needs")).to_contain_text("The broker does not answer.")
    await page.unroute("**/api/state")
    # Whichever is quicker, the page by itself or the button.
    await page.get_by_role("button", name="Now").evaluate_all("(all) => all.forEach((one) => one.click())")
    await expect(page.locator(".needs")).to_contain_text("Nothing needs you")
    forgive(complaints)


#: All that can be seen of the hive, without what only says how long ago something was.
VISIBLE = """() => {
  const drop = 'time:not(.message time), .last, .stopwatch, .countdown, .skip-links, .over, .notices';
  const text = (selector) => [...document.querySelectorAll(selector)].map((one) => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll(drop).forEach((part) => part.remove());
    return copy.textContent.replace(/\\d+:\\d\\d/g, '').replace(/\\s+/g, ' ').trim();
  });
  return {
    title: document.title,
    needs: text('.needs > p:first-child'),
    agents: text('.agent'),
    questions: text('.questions li'),
    inbox: text('.inbox-message'),
    flow: text('.flow .message').slice(-10),
  };
}"""


NUMBERED = """() => [...document.querySelectorAll('.flow .message')].map((one) => [
  parseInt(one.querySelector('time').title.slice(1)),
  one.querySelector('.body').textContent.trim(),
])"""


async def call(hive: RunningHive, name: str, path: str, body: dict[str, Any]) -> None:
    """A call of an agent that tries again while the broker is away, with a key that makes it one call."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, FileNotFoundError, AssertionError):
            await hive.agents[name].call(path, body)
            return
        await asyncio.sleep(0.05)


async def keep_busy(hive: RunningHive, going: asyncio.Event, sent: list[str]) -> None:
    """Messages, mail and questions, one after the other, until told to stop; each of them exactly once."""
    number = 0
    while going.is_set():
        number += 1
        key = {"idempotency_key": f"key-{number}"}
        body = f"note {number:04}."
        await call(hive, "alice", "/v1/messages", {"to": "bob", "body": body, **key})
        sent.append(body)
        if number % 5 == 0:
            mail = {"to": "operator", "body": f"mail {number:04}.", "idempotency_key": f"mail-{number}"}
            await call(hive, "bob", "/v1/messages", mail)
        if number % 11 == 0:
            asked = {
                "question": f"Question {number:04}?",
                "options": ["yes"],
                "idempotency_key": f"ask-{number}",
            }
            await call(hive, "boss", "/v1/questions", asked)
        await asyncio.sleep(0.01)


async def agree(*pages: Page) -> dict[str, Any]:
    """What all the pages show, as soon as it is the same."""
    shown: list[dict[str, Any]] = []
    for _ in range(100):
        shown = [await page.evaluate(VISIBLE) for page in pages]
        if all(one == shown[0] for one in shown[1:]):
            return shown[0]
        await asyncio.sleep(0.1)
    parts = [{key: one[key] for key in one if one[key] != shown[0][key]} for one in shown]
    raise AssertionError(f"{parts} differ from {shown[0]}")


async def test_two_tabs_agree_with_each_other_and_the_broker_after_restarts_in_the_midst_of_traffic(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    """No message is lost, none is there twice, and a page that was never away shows the same."""
    tasks, going, sent = Tasks(), asyncio.Event(), list[str]()
    going.set()
    first: Page = await open_page(hive)
    second = await first.context.new_page()
    complaints.watch(second)
    await second.goto(hive.url)
    await second.locator(".link[data-link=live]").wait_for()
    working = tasks.start(keep_busy(hive, going, sent), "traffic")
    for _ in range(3):
        known = len(sent)
        while len(sent) < known + 12:
            await asyncio.sleep(0.02)
        await hive.stop()
        await hive.resume()
        for page in (first, second):
            await expect(page.locator(".link")).to_have_text("live", timeout=20_000)
    going.clear()
    await working
    await expect(first.locator(".flow .message", has_text=sent[-1])).to_be_attached()
    await expect(second.locator(".flow .message", has_text=sent[-1])).to_be_attached()

    fresh: Page = await open_page(hive)
    shown = await agree(first, second, fresh)
    state = await hive.broker.services.hive.state()
    assert shown["title"] == f"({state.unread + len(shown['questions'])}) hyperhive"
    assert len(shown["questions"]) == sum(question.state == "open" for question in state.questions)
    assert len(shown["inbox"]) == min(state.unread, 40)

    # The whole flow, row for row: with every page of it fetched, each message once and in order.
    for page in (first, second):
        notes = await all_notes(page)
        assert [note for note in notes if note in set(sent)] == sent
    forgive(complaints)


async def all_notes(page: Page) -> list[str]:
    """The texts of all messages of the flow, scrolled through from the end to the beginning."""
    found: dict[int, str] = {}
    edge = page.locator(".flow .edge")
    for _ in range(200):
        found.update(await page.evaluate(NUMBERED))
        top = await page.evaluate("document.querySelector('.flow .scroll').scrollTop")
        if top == 0 and await edge.text_content() == "The beginning":
            break
        await page.evaluate("document.querySelector('.flow .scroll').scrollTop -= 500")
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return [found[number] for number in sorted(found)]


async def test_a_page_that_fell_behind_loads_the_hive_and_the_log_again(
    hive: RunningHive, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), note("before").model_dump(mode="json")))
    await page.locator("#agent-alice").click()
    entries = page.locator(".log .entry .what")
    await expect(entries).to_have_text(["before"])
    loads: list[str] = []
    page.on("request", lambda request: loads.append(request.url.removeprefix(hive.url)))

    # Two items of a commit never fit together.
    monkeypatch.setattr("hyperhive.services.bus.BACKLOG_BYTES", 64)
    await hive.broker.services.events.append("alice", [note("first"), note("second")])
    await hive.agents["alice"].send("bob", "not missed")
    await expect(entries).to_have_text(["before", "first", "second"])
    async with asyncio.timeout(10):
        while "/api/state" not in loads:
            await asyncio.sleep(0.01)
    monkeypatch.undo()

    await expect(page.locator(".link")).to_have_text("live")
    await hive.broker.services.events.append("alice", [note("after")])
    await expect(entries).to_have_text(["before", "first", "second", "after"])
    await page.goto(f"{hive.url}/#/")
    await expect(page.locator(".flow .message")).to_have_count(1)
    await expect(page.locator(".flow .message")).to_contain_text("not missed")
    await link.close()
