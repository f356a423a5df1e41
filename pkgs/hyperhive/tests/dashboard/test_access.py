"""For everybody: what axe-core finds wrong, how much the page jumps, and motion that is not wanted."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import DASHBOARD, RunningHive, report, status
from tests.dashboard.shells import open_part, open_terminal, run

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = DASHBOARD / "node_modules" / "axe-core" / "axe.min.js"
ADDRESSES = ("#/", "#/agent/alice", "#/agent/alice/policy", "#/agent/alice/selftest", "#/doctor")

#: What the page has moved by itself, without a click or a key just before: the browser's own measure.
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const where = entry.sources.map(({ node }) => node?.className ?? node?.nodeName);
    window.shifts.push([entry.value, ...where]);
  }
}).observe({ type: 'layout-shift', buffered: true });
"""


#: Classes of what changes over a time that can be seen.
MOVING = """() => [...document.querySelectorAll('*')].flatMap((one) =>
  ['', '::before', '::after'].map((part) => {
    const style = getComputedStyle(one, part || null);
    const times = [...style.transitionDuration.split(','), ...style.animationDuration.split(',')];
    return times.some((time) => parseFloat(time) > 0.01) ? `${one.className}${part}` : '';
  })).filter(Boolean)"""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("no axe-core: run `npm ci --prefix dashboard`")
    return AXE.read_text()


async def lived_in(hive: RunningHive) -> Any:
    """A hive in which something of everything is to be seen; gives alice's link."""
    alice = hive.agents["alice"]
    await alice.call("/v1/questions", {"question": "Which?", "options": ["one", "two"], "ttl_seconds": 600})
    await alice.call("/v1/questions", {"question": "Which?", "options": ["one", "two"], "multi": True})
    await alice.call("/v1/questions", {"question": "Between us?", "to": "bob"})
    await alice.send("operator", "a letter\n" * 30)
    await alice.send("bob", "a note")
    link = await alice.link()
    started = {"ts": 1.0, "turn": "t"}
    await link.send_json(
        report(
            status("working", "Bash", turn="t", context_used=190_000, context_max=200_000),
            {**started, "kind": "turn_start", "data": {"prompt": "do it", "messages": [1]}},
            {**started, "kind": "tool_use", "data": {"id": "a", "name": "Bash", "input": {"command": "ls"}}},
            {**started, "kind": "tool_result", "data": {"id": "a", "is_error": True, "text": "a\nb\nc"}},
        )
    )
    return link


async def found_by_axe(page: Page, axe: str) -> list[tuple[str, str]]:
    # Handed over by the debugger, so that the page's own policy of scripts stays as strict as it is.
    await page.evaluate(axe)
    result = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        (violation["id"], node["html"][:200])
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
async def test_axe_finds_nothing_wrong_on_any_page(
    hive: RunningHive, open_page: Callable[..., Any], axe: str, scheme: str, width: int
) -> None:
    link = await lived_in(hive)
    page: Page = await open_page(hive, viewport={"width": width, "height": 800}, color_scheme=scheme)
    found = {}
    for address in ADDRESSES:
        await page.goto(f"{hive.url}/{address}")
        await expect(page.get_by_text("Loading…")).to_have_count(0)
        await expect(page.get_by_text("Looking…")).to_have_count(0)
        found[address] = await found_by_axe(page, axe)
    await page.get_by_role("button", name="Close the page").click()
    await page.get_by_role("button", name="Keys").click()
    await page.locator("dialog.keys").wait_for()
    found["keys"] = await found_by_axe(page, axe)
    assert {key: wrong for key, wrong in found.items() if wrong} == {}
    await link.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_wrong_with_a_terminal(
    shells: RunningHive, open_page: Callable[..., Any], axe: str, scheme: str
) -> None:
    page: Page = await open_page(shells, color_scheme=scheme)
    await open_part(shells, page)
    assert await found_by_axe(page, axe) == []
    await open_terminal(shells, page)
    other: Page = await open_page(shells, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    await open_part(shells, other)
    await other.locator(".viewers summary").click()
    assert await found_by_axe(other, axe) == []
    await page.locator(".emulator").click()
    await run(page, "exit")
    await expect(page.locator(".terminal-foot")).to_contain_text("Ended")
    assert await found_by_axe(page, axe) == []


async def test_axe_finds_nothing_wrong_with_the_login(
    hive: RunningHive, open_page: Callable[..., Any], axe: str
) -> None:
    page: Page = await open_page(hive, log_in=False)
    await page.goto(hive.url)
    await page.locator("#secret").wait_for()
    assert await found_by_axe(page, axe) == []


@pytest.mark.parametrize("width", [1280, 360])
async def test_nothing_jumps_while_the_page_loads_and_the_hive_lives(
    hive: RunningHive, open_page: Callable[..., Any], width: int
) -> None:
    link = await lived_in(hive)
    page: Page = await open_page(hive, log_in=False, viewport={"width": width, "height": 800})
    await page.add_init_script(WATCH_SHIFTS)
    await page.goto(hive.broker.login_url())
    await page.locator(".link[data-link=live]").wait_for()
    await expect(page.locator(".inbox-message")).to_have_count(1)
    # What comes to the desk goes below what is there; on a phone it is above all else, by intent.
    for number in range(5):
        await hive.agents["bob"].send("alice", f"note {number}")
        await link.send_json(report(status("working", f"step {number}", turn="t")))
        await hive.agents["bob"].lease(f"t{number}")
    await link.send_json(report(status("idle")))
    await expect(page.locator("#agent-alice .state")).not_to_contain_text("working")
    await expect(page.locator(".flow .message", has_text="note 4")).to_be_attached()
    shifts = await page.evaluate("window.shifts")
    assert sum(shift[0] for shift in shifts) < 0.02, shifts
    await link.close()


async def test_nothing_moves_for_those_who_do_not_want_it(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, reduced_motion="reduce")
    moving = await page.evaluate(MOVING)
    assert moving == []
