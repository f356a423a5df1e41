"""A day's log of 50,000 events: it opens at its end, scrolls to its begin, and the page stays small."""

import time
from typing import Any

import pytest
from playwright.async_api import Page, expect

from hyperhive.protocol.events import NewEvent
from tests.dashboard.conftest import RunningHive, note, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = 50_000
MOST_ELEMENTS = 6_000
MOST_GROWTH = 60_000_000
#: One turn of ten events.
TURN = (
    *("turn_start", "thinking", "tool_use", "tool_result", "text"),
    *("tool_use", "tool_result", "refused", "text", "turn_end"),
)

SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
#: Scrolls up by itself until the begin is in view; {elements, rows}: the most that the page ever held.
TO_THE_BEGIN = """async () => {
  const box = document.querySelector('.log .scroll');
  const frame = () => new Promise(requestAnimationFrame);
  const most = { elements: 0, rows: 0, steps: 0 };
  while (!document.querySelector('.log .edge')?.textContent.includes('The beginning')) {
    box.scrollTop = Math.max(0, box.scrollTop - 20 * box.clientHeight);
    await frame();
    most.elements = Math.max(most.elements, document.getElementsByTagName('*').length);
    most.rows = Math.max(most.rows, document.querySelectorAll('.log .scroll > ol > li').length);
    most.steps += 1;
  }
  // While it moves, what comes at the begin does not move the view: it is scrolled on.
  for (let tries = 0; tries < 100; tries += 1) {
    box.scrollTop = 0;
    await frame();
    if (document.querySelector('.log .scroll > ol > li').getAttribute('aria-posinset') === '1') break;
  }
  return most;
}"""


def data_of(kind: str, number: int) -> dict[str, Any]:
    text = f"event {number:05}: " + "the parser reads one line after the other. " * (1 + number % 7)
    match kind:
        case "turn_start":
            return {"prompt": text, "messages": [number]}
        case "tool_use":
            return {"id": f"call-{number}", "name": "Bash", "input": {"command": f"make {text}"}}
        case "tool_result":
            return {"id": f"call-{number - 1}", "is_error": False, "text": f"{text}\n" * (number % 9)}
        case "refused":
            return {"tool": "Bash", "input": {"command": text}, "rule": "no_pattern", "reason": text}
        case "turn_end":
            return {"result": "ok", "error": "", "duration_ms": 1000, "tool_calls": 2}
        case _:
            return {"text": text}


def a_day(now: float) -> list[NewEvent]:
    return [
        NewEvent.model_validate(
            {
                "ts": now - (EVENTS - number),
                "kind": TURN[number % 10],
                "turn": f"turn-{number // 10}",
                "data": data_of(TURN[number % 10], number),
            }
        )
        for number in range(EVENTS)
    ]


async def heap(page: Page) -> int:
    """Bytes that the page's scripts hold after a collection."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    usage: dict[str, int] = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return usage["usedSize"]


@pytest.mark.timeout(400)
async def test_a_log_of_50_000_events_is_scrolled_from_its_end_to_its_begin_and_the_page_stays_small(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", a_day(time.time()))
    page.set_default_timeout(300_000)
    await page.goto(f"{hive.url}/#/agent/alice")
    rows = page.locator(".log .scroll > ol > li")
    await expect(rows.last).to_contain_text("Turn ok")
    await expect(rows.last).to_be_in_viewport()
    before = await heap(page)

    most = await page.evaluate(TO_THE_BEGIN)
    assert most["elements"] < MOST_ELEMENTS
    await expect(rows.first).to_contain_text("event 00000")
    await expect(rows.first).to_be_in_viewport()
    assert await heap(page) - before < MOST_GROWTH

    # What happens meanwhile is counted, and found again at the end.
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), note("meanwhile").model_dump(mode="json")))
    pill = page.get_by_role("button", name="1 new")
    await page.mouse.move(1000, 500)
    await page.mouse.wheel(0, 3000)
    await page.evaluate(SETTLED)
    await pill.click()
    await expect(rows.last).to_contain_text("meanwhile")
    await expect(rows.last).to_be_in_viewport()
    assert await heap(page) - before < MOST_GROWTH
    await link.close()


async def test_the_refusals_and_the_turns_of_a_day_are_found_without_the_rest(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", a_day(time.time())[-3000:])
    await page.goto(f"{hive.url}/#/agent/alice")
    rows = page.locator(".log .scroll > ol > li")
    await page.get_by_text("Refusals", exact=True).click()
    await expect(rows.last).to_contain_text("Refused by no_pattern")
    await expect(rows.last).to_have_attribute("aria-setsize", "300")

    for name in ("Refusals", "Tools", "Text"):
        await page.get_by_role("radio", name=name).press("ArrowLeft")
    await expect(rows.last).to_contain_text("event 49990")
    await page.locator(".log .scroll").press("Home")
    await expect(page.locator(".log .edge")).to_have_text("The beginning")
    await page.locator(".log .scroll").press("Home")
    await expect(rows.first).to_contain_text("event 47000")
    prompt = await rows.nth(1).locator(".prompt").inner_text()
    await rows.nth(1).get_by_role("button", name="Turn").click()
    # The turn itself, with all of it, where it begins, and what was before it.
    await expect(page.get_by_label("Everything")).to_be_checked()
    turn = rows.filter(has_text=prompt[:11]).first
    await expect(turn).to_be_in_viewport()
    call = f"make event {int(prompt[6:11]) + 2}"
    await expect(rows.filter(has_text=call).first).to_be_in_viewport()
    scroll = await page.locator(".log .scroll").bounding_box()
    place = await turn.bounding_box()
    assert scroll is not None
    assert place is not None
    assert abs(place["y"] - scroll["y"]) < 60
