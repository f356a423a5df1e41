"""Charts on an agent's page: what they say is what was reported, they follow it live, and take no harm."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Locator, Page, Request, expect

from tests.dashboard.conftest import Complaints, RunningHive, report
from tests.dashboard.test_hostile import HOSTILE, LONG_WORD, assert_whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE = {"width": 360, "height": 740}
#: How many pixels of a canvas have exactly this colour.
PAINTED = """(canvas, colour) => {
  // Of a copy: the browser complains of a canvas on a graphics card that is read often.
  const { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (colour.every((part, index) => data[at + index] === part) && data[at + 3] === 255) count += 1;
  }
  return count;
}"""
LIGHT_BAR, DARK_BAR = [217, 151, 28], [229, 169, 53]


def turn_end(ago: float = 0, **data: Any) -> dict[str, Any]:
    end = {"result": "ok", "duration_ms": 1000, "tool_calls": 0} | data
    return {"ts": time.time() - ago, "turn": "t", "kind": "turn_end", "data": end}


async def work(link: aiohttp.ClientWebSocketResponse, *ends: dict[str, Any]) -> None:
    await link.send_json(report(None, *ends))


async def open_stats(page: Page, hive: RunningHive, agent: str = "alice", window: str = "Hour") -> Locator:
    await page.goto(f"{hive.url}/#/agent/{agent}/stats")
    await page.get_by_text(window, exact=True).click()
    stats = page.locator(".stats")
    await expect(stats.locator(".charts")).to_have_attribute("aria-busy", "false")
    return stats


def chart(stats: Locator, name: str) -> Locator:
    return stats.locator(f"[data-chart={name}]")


async def drag(plot: Locator, start: float, end: float) -> None:
    """From one part of the plot's width to another."""
    # Scrolls to it and waits until it stands still.
    await plot.hover()
    box = await plot.bounding_box()
    assert box is not None
    mouse, y = plot.page.mouse, box["y"] + box["height"] / 2
    await mouse.move(box["x"] + box["width"] * start, y)
    await mouse.down()
    await mouse.move(box["x"] + box["width"] * (start + end) / 2, y)
    await mouse.move(box["x"] + box["width"] * end, y)
    await mouse.up()
    await mouse.move(5, 5)


async def test_the_legends_say_what_was_reported(hive: RunningHive, page: Page) -> None:
    alice, bob = hive.agents["alice"], hive.agents["bob"]
    link = await alice.link()
    tokens = {"input": 900, "output": 123, "cache_read": 20_000, "cache_write": 0}
    used = {"tokens": tokens, "cost_usd": 0.25, "context_used": 43_000, "notes_bytes": 2400}
    await work(
        link,
        turn_end(900, duration_ms=1500, tool_calls=3, tools={"Bash": 2, "Read": 1}, **used),
        turn_end(300, duration_ms=42_000, result="failed", tool_calls=1, tools={"Bash": 1}),
        turn_end(200, duration_ms=2500, result="too_long"),
        turn_end(100, duration_ms=2500, result="cancelled"),
    )
    await alice.send("bob", "one")
    await alice.send("boss", "two")
    await alice.send("operator", "three")
    await bob.send("alice", "four")
    await bob.send("alice", "five")
    await alice.lease("t2")
    await bob.send("alice", "six")

    stats = await open_stats(page, hive)
    for name, total, legend in [
        ("turns", "4 turns", ["per minute 0.066"]),
        ("results", "1 failed", ["ok 1", "compacted 1", "cancelled 1", "failed 1"]),
        ("duration", "", ["p50 2.5 s", "p95 42 s"]),
        ("calls", "4 tool calls", ["per turn 1"]),
        ("depth", "", ["at the end 1", "at most 2"]),
        ("sent", "3 sent", ["peers 1", "manager 1", "operator 1"]),
        ("received", "3 received", ["peers 3", "manager 0", "operator 0", "hyperhive 0"]),
        ("tokens", "21k in all", ["output 123", "input 900", "cache write 0", "cache read 20k"]),
        ("cost", "", ["cost $0.25"]),
        ("context", "", ["tokens 43k"]),
        ("notes", "", ["notes.md 2.4 kB"]),
    ]:
        await expect(chart(stats, name).locator(".chart-total")).to_have_text(total)
        await expect(chart(stats, name).locator(".legend li")).to_have_text(legend)
    await expect(chart(stats, "tools").locator(".tool-name")).to_have_text(["Bash", "Read"])
    await expect(chart(stats, "tools").locator("b")).to_have_text(["3", "1"])
    await expect(chart(stats, "idle").locator(".chart-total")).to_have_text("last turn 1 min ago")
    await expect(chart(stats, "turns").get_by_role("img")).to_have_attribute(
        "aria-label", "Turns per minute: 4 turns, per minute 0.066."
    )
    await link.close()


async def test_a_turn_that_ends_is_drawn_at_once_on_the_same_canvas(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    await work(link, turn_end(600))
    stats = await open_stats(page, hive)
    turns = chart(stats, "turns")
    await expect(turns.locator(".chart-total")).to_have_text("1 turn")
    canvas = turns.locator("canvas")
    before = await canvas.evaluate("(one) => { one.dataset.same = 'yes'; return one.toDataURL(); }")
    await stats.get_by_role("button", name="Closer").focus()
    await work(link, turn_end(1), turn_end(0))
    await expect(turns.locator(".chart-total")).to_have_text("3 turns")
    await expect(canvas).to_have_attribute("data-same", "yes")
    assert await canvas.evaluate("(one) => one.toDataURL()") != before
    await expect(stats.get_by_role("button", name="Closer")).to_be_focused()
    await link.close()


async def test_a_drag_asks_for_its_part_of_the_past_in_finer_buckets(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    await work(link, *[turn_end(20 * 3600 + 60 * number) for number in range(5)], turn_end(3600))
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one) if "/api/stats" in one.url else None)
    stats = await open_stats(page, hive, window="Day")
    turns = chart(stats, "turns")
    await expect(turns.locator(".chart-total")).to_have_text("6 turns")

    plot = turns.locator(".u-over")
    await drag(plot, 0.93, 0.999)
    await expect(turns.locator(".chart-total")).to_have_text("1 turn")
    answer = await (await asked[-1].response()).json()  # type: ignore[union-attr] # it was answered
    assert answer["step"] == 60
    assert answer["until"] - answer["since"] < 3 * 3600
    await expect(stats.locator(".windows [data-chosen=true]")).to_have_count(0)

    await stats.get_by_role("button", name="Back to the day").click()
    await expect(turns.locator(".chart-total")).to_have_text("6 turns")
    await drag(plot, 0.05, 0.3)
    await expect(turns.locator(".chart-total")).to_have_text("5 turns")
    await plot.dblclick()
    await page.mouse.move(5, 5)
    await expect(turns.locator(".chart-total")).to_have_text("6 turns")
    await drag(plot, 0.5, 0.505)
    await expect(stats.locator(".zoomed")).to_have_count(0)
    await link.close()


async def test_all_charts_share_one_cursor_and_say_the_numbers_below_it(
    hive: RunningHive, page: Page
) -> None:
    link = await hive.agents["alice"].link()
    await work(link, *[turn_end(60 * number, cost_usd=0.5) for number in range(60)])
    stats = await open_stats(page, hive)
    await expect(chart(stats, "cost").locator(".legend")).to_have_text("cost $30.00")
    plot = chart(stats, "cost").locator(".u-over")
    await plot.scroll_into_view_if_needed()
    await plot.hover()
    await expect(chart(stats, "cost").locator(".legend")).to_have_text("cost $0.50")
    await expect(chart(stats, "turns").locator(".legend")).to_have_text("per minute 1")
    times = await stats.locator("[data-empty=false] .chart-total").all_inner_texts()
    assert len(set(times)) == 1
    assert len(times) > 4
    await page.mouse.move(5, 5)
    await expect(chart(stats, "cost").locator(".legend")).to_have_text("cost $30.00")
    await link.close()


async def test_the_keyboard_picks_windows_steps_through_the_past_and_reads_tables(
    hive: RunningHive, page: Page
) -> None:
    link = await hive.agents["alice"].link()
    await work(link, turn_end(90, tokens={"input": 77}))
    stats = await open_stats(page, hive)
    await stats.get_by_role("radio", name="Hour").focus()
    await page.keyboard.press("ArrowRight")
    await expect(stats.get_by_role("radio", name="Day")).to_be_checked()
    await expect(stats.get_by_role("radio", name="Day")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(stats.get_by_role("button", name="Earlier")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(stats.locator(".zoomed")).to_be_visible()
    await expect(chart(stats, "turns")).to_have_attribute("data-empty", "true")
    await page.keyboard.press("Escape")
    await expect(stats.locator(".zoomed")).to_have_count(0)
    await expect(page.locator(".panel")).to_be_visible()

    await stats.get_by_role("button", name="As tables").press("Enter")
    await expect(stats.get_by_role("button", name="As tables")).to_have_attribute("aria-pressed", "true")
    table = stats.get_by_role("region", name="Tokens, as a table")
    await expect(table.get_by_role("columnheader")).to_have_text(
        ["time", "output", "input", "cache write", "cache read"]
    )
    await expect(table.locator("tbody td")).to_have_text(["0", "77", "0", "0"])
    await expect(stats.locator("canvas")).to_have_count(0)
    await page.reload()
    await expect(stats.get_by_role("radio", name="Day")).to_be_checked()
    await link.close()


async def test_charts_are_redrawn_in_the_colours_of_the_other_scheme(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    await work(link, *[turn_end(60 * number) for number in range(30)])
    await page.emulate_media(color_scheme="light")
    stats = await open_stats(page, hive)
    canvas = chart(stats, "turns").locator("canvas")
    await expect(chart(stats, "turns").locator(".chart-total")).to_have_text("30 turns")

    async def painted(color: list[int], other: list[int]) -> None:
        async with asyncio.timeout(30):
            while await canvas.evaluate(PAINTED, color) < 500:
                await asyncio.sleep(0.05)
        assert await canvas.evaluate(PAINTED, other) == 0

    await painted(LIGHT_BAR, DARK_BAR)
    await page.emulate_media(color_scheme="dark")
    await painted(DARK_BAR, LIGHT_BAR)
    await link.close()


@pytest.mark.parametrize("width", [1280, 360])
async def test_names_of_tools_stay_text(hive: RunningHive, open_page: Callable[..., Any], width: int) -> None:
    link = await hive.agents["alice"].link()
    strange = dict.fromkeys((*HOSTILE, LONG_WORD), 1)
    named = {"__proto__": 9, "constructor": 8, "mcp__" + "x" * 120: 7, "toString": 6}
    await work(
        link, turn_end(tools=strange | named, tool_calls="<b>", result=HOSTILE[0], cost_usd=[HOSTILE[1]])
    )
    page: Page = await open_page(hive, viewport={"width": width, "height": 800})
    stats = await open_stats(page, hive)
    names = chart(stats, "tools").locator(".tool-name")
    await expect(names).to_have_text([*named, "all others"])
    await expect(chart(stats, "tools").locator("b")).to_have_text(["9", "8", "7", "6", str(len(strange))])
    await expect(chart(stats, "results").locator(".chart-total")).to_have_text("1 failed")
    await assert_whole(page)
    await link.close()


async def test_an_agent_without_a_turn_has_empty_charts_in_one_column_on_a_phone(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, viewport=PHONE)
    stats = await open_stats(page, hive)
    await expect(stats.get_by_text("Nothing in this time.")).to_have_count(13)
    await expect(chart(stats, "idle").locator(".chart-total")).to_have_text("no turn yet")
    lefts = await stats.locator(".chart").evaluate_all(
        "(all) => [...new Set(all.map((one) => one.getBoundingClientRect().left))]"
    )
    assert lefts == [14]
    await assert_whole(page)


async def test_while_the_broker_is_away_the_last_numbers_stay_and_say_of_when_they_are(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    link = await hive.agents["alice"].link()
    await work(link, turn_end(60))
    stats = await open_stats(page, hive)
    await expect(chart(stats, "turns").locator(".chart-total")).to_have_text("1 turn")
    await link.close()
    await hive.stop()
    await expect(stats.get_by_role("alert")).to_contain_text("As of ")
    await expect(stats.locator(".charts")).to_have_attribute("data-old", "true")
    await expect(chart(stats, "turns").locator(".chart-total")).to_have_text("1 turn")
    await hive.resume()
    await expect(stats.get_by_role("alert")).to_have_count(0, timeout=20_000)
    await expect(stats.locator(".charts")).to_have_attribute("data-old", "false")
    complaints.clear()


async def test_nothing_of_the_charts_is_fetched_before_they_are_opened(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, log_in=False)
    fetched: list[str] = []
    page.on("request", lambda one: fetched.append(one.url.removeprefix(hive.url)))
    await page.goto(hive.broker.login_url())
    await page.locator(".link[data-link=live]").wait_for()
    assert [one for one in fetched if "uplot" in one or "stats" in one or "chart" in one] == []
    await open_stats(page, hive)
    assert {"/static/vendor/uplot.module.js", "/static/vendor/uplot.css"} <= set(fetched)
