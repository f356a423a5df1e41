"""What agents write stays text, whatever it is, and does not break the page."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = [
    "<img src=x onerror=\"document.body.dataset.owned='img'\">",
    "<script>document.body.dataset.owned='script'</script>",
    "\"><svg onload=document.body.dataset.owned='svg'>",
    "[click](javascript:document.body.dataset.owned='link') javascript:alert(1)",
    "&lt;b&gt; ${1+1} {{1+1}} <!-- --> ]]>",
]
LONG_WORD = "w" * 4000
RIGHT_TO_LEFT = "שלום עולם " * 20 + "\u202etxt.exe\u202c"


#: Elements beyond the window's sides that no ancestor cuts off.
STICKING_OUT = """() => {
  const cut = (one) => one && (getComputedStyle(one).overflowX !== 'visible' || cut(one.parentElement));
  return [...document.querySelectorAll('#app *')].filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 1 && (left < -1 || right > innerWidth + 1) && !cut(one.parentElement);
  }).map((one) => one.outerHTML.slice(0, 120));
}"""
SCROLLING_SIDEWAYS = """() => [...document.querySelectorAll('#app *')].filter((one) =>
  ['auto', 'scroll'].includes(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1
).map((one) => one.outerHTML.slice(0, 120))"""


async def assert_whole(page: Page) -> None:
    """Nothing ran, nothing was made of text, and nothing sticks out of the page."""
    assert await page.evaluate("document.body.dataset.owned ?? null") is None
    assert (
        await page.locator("#app :is(script, iframe, object, embed), #app img:not(.brand img)").count() == 0
    )
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate(STICKING_OUT) == []
    assert await page.evaluate(SCROLLING_SIDEWAYS) == []


@pytest.mark.parametrize("width", [1280, 360])
async def test_messages_questions_states_and_logs_stay_text(
    hive: RunningHive, open_page: Callable[..., Any], width: int
) -> None:
    page: Page = await open_page(hive, viewport={"width": width, "height": 800})
    alice = hive.agents["alice"]
    texts = [*HOSTILE, LONG_WORD, RIGHT_TO_LEFT]
    for text in texts:
        await alice.send("bob", text)
        await alice.send("operator", text)
    await alice.call("/v1/questions", {"question": HOSTILE[0], "options": [HOSTILE[1], "o" * 400]})
    await alice.call("/v1/questions", {"question": LONG_WORD, "options": [HOSTILE[2]], "multi": True})
    link = await alice.link()
    events = [{"ts": 1.0, "turn": "t", "kind": "text", "data": {"text": text}} for text in texts]
    events += [
        {
            "ts": 1.0,
            "turn": "t",
            "kind": "tool_use",
            "data": {"id": {}, "name": text, "input": {text: [text]}},
        }
        for text in texts
    ]
    events.append({"ts": 1.0, "turn": "t", "kind": "turn_end", "data": {"result": [], "tokens": "x"}})
    await link.send_json(report(status("failed", HOSTILE[0] + LONG_WORD, model=LONG_WORD), *events))

    for text in HOSTILE:
        await expect(
            page.locator(".flow .message .body p").get_by_text(text, exact=True).first
        ).to_be_attached()
        await expect(page.locator(".inbox .body p").get_by_text(text, exact=True)).to_be_attached()
    await expect(page.get_by_role("button", name=HOSTILE[1], exact=True)).to_be_visible()
    await assert_whole(page)

    await page.locator("#agent-alice").click()
    await expect(page.locator(".log li").last).to_have_attribute("aria-posinset", str(len(events)))
    await page.locator(".log .scroll").press("Home")
    await expect(page.locator(".log").get_by_text(HOSTILE[1], exact=True).first).to_be_attached()
    await assert_whole(page)
    await link.close()


async def test_a_body_of_100_kb_is_folded_and_opens_in_a_box_of_its_own(
    hive: RunningHive, page: Page
) -> None:
    body = "\n".join(f"line {number} <b>" for number in range(7000)).ljust(100_000, "x")[:100_000]
    await hive.agents["alice"].send("bob", body)
    message = page.locator(".flow .message")
    fold = message.get_by_role("button", name="Show all, 100k characters")
    await expect(fold).to_be_visible()
    await fold.click()
    assert await message.locator(".body p").text_content() == body
    box = await message.bounding_box()
    assert box is not None
    assert box["height"] < 800
    await assert_whole(page)


async def test_an_address_that_names_no_agent_is_answered_in_words(hive: RunningHive, page: Page) -> None:
    await page.goto(f"{hive.url}/#/agent/%3Cimg%20src=x%3E")
    await expect(page.locator(".panel")).to_contain_text("No agent of that name is in the hive.")
    await page.goto(f"{hive.url}/#/agent/%E0%A4%A")
    await expect(page.locator(".panel")).to_have_count(0)
    await assert_whole(page)
