from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIDTHS = [360, 600, 819, 820, 1000, 1180, 1280, 2200]


async def test_no_width_from_a_phone_to_a_wall_scrolls_sideways(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    await hive.agents["alice"].send("operator", "a word " * 60)
    await hive.agents["alice"].call("/v1/questions", {"question": "Which?", "options": ["one", "two"]})
    page: Page = await open_page(hive)
    await expect(page.locator(".question")).to_have_count(1)
    for address in ("#/", "#/agent/alice"):
        await page.goto(f"{hive.url}/{address}")
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)


@pytest.mark.parametrize("permissions", [None, ["notifications"]])
async def test_the_bar_on_top_has_room_at_every_width_also_for_a_lost_connection(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints, permissions: list[str] | None
) -> None:
    page: Page = await open_page(hive, permissions=permissions)
    await expect(page.get_by_role("button", name="Notify me")).to_have_count(0 if permissions else 1)

    async def check(state: str) -> None:
        for width in [360, 400, 439, 479, 480, 600, 659, 660, 819, 1280]:
            await page.set_viewport_size({"width": width, "height": 800})
            bar = page.locator(".top")
            parts = await bar.evaluate(
                "(bar) => [...bar.querySelectorAll('a, button')].map((one) => one.getBoundingClientRect())"
                ".filter((box) => box.width).map(({ left, right }) => [left, right])"
            )
            # Next to each other, none over another, all in the bar.
            edges = [edge for part in sorted(parts) for edge in part]
            assert edges == sorted(edges), (state, width, parts)
            assert edges[-1] <= width, (state, width)
            assert await bar.evaluate("(bar) => bar.clientHeight") == 40

    await check("live")
    await hive.stop()
    await expect(page.locator(".link")).to_contain_text("Disconnected")
    await page.get_by_role("button", name="Now").wait_for()
    await check("lost")
    # It goes on trying, and the browser complains of each time.
    await page.close()
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()


async def test_new_questions_mail_and_states_move_neither_the_agents_nor_the_flow(
    hive: RunningHive, page: Page
) -> None:
    async def places() -> list[Any]:
        names = (".agents", "#agent-boss", "#agent-bob", ".desk", ".flow .scroll", ".flow > .composer")
        return [await page.locator(name).bounding_box() for name in names]

    before = await places()
    await hive.agents["alice"].call("/v1/questions", {"question": "Which?"})
    await hive.agents["alice"].send("operator", "mail")
    link = await hive.agents["bob"].link()
    await expect(page.locator("#agent-bob .state")).not_to_have_text("offline")
    await expect(page.locator(".inbox-message")).to_have_count(1)
    assert await places() == before
    await link.close()


async def test_the_keyboard_alone_reaches_an_agent_and_a_message(hive: RunningHive, page: Page) -> None:
    await page.locator("#agent-boss").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel-title")).to_be_focused()
    field = page.get_by_label("Message to boss")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await field.evaluate("(one) => one === document.activeElement"):
            break
    await page.keyboard.type("hello")
    await page.keyboard.press("Enter")
    [message] = await hive.agents["boss"].lease("t", wait_seconds=30)
    assert message["body"] == "hello"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_can_be_read_on_its_background(
    hive: RunningHive, open_page: Callable[..., Any], scheme: str
) -> None:
    """Contrast of at least 4.5 for every colour that carries text."""
    page: Page = await open_page(hive, color_scheme=scheme)
    ratios = await page.evaluate(
        """() => {
        const probe = document.body.appendChild(document.createElement('i'));
        const light = (name) => {
          probe.style.color = `var(--${name})`;
          const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map((part) => {
            const value = part / 255;
            return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ratio = (ink, paper) => {
          const [low, high] = [light(ink), light(paper)].sort((a, b) => a - b);
          return (high + 0.05) / (low + 0.05);
        };
        const pairs = ['ink', 'soft', 'honey-ink', 'red', 'green', 'blue'].flatMap((ink) =>
          ['paper', 'raised', 'sunken'].map((paper) => [ink, paper]));
        pairs.push(['red', 'red-wash'], ['soft', 'red-wash'], ['ink', 'honey-wash'], ['on-honey', 'honey']);
        return pairs.map(([ink, paper]) => [`${ink} on ${paper}`, ratio(ink, paper)]);
      }"""
    )
    assert [pair for pair in ratios if pair[1] < 4.5] == []
