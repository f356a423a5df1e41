"""Quick and light with a long history: bytes, elements and heap have bounds, whatever the machine does."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from bench.history import fill
from bench.visit import Visit, visit
from hyperhive.protocol.messages import LeaseRequest, SendRequest
from hyperhive.services.hive import FIRST_MESSAGES
from tests.conftest import limited
from tests.dashboard.conftest import RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ("alice", "bob", "boss")
#: Before any interaction, transferred as well as decoded.
FIRST_BYTES = 300_000
#: The promise is a second on an idle machine (`make bench ARGS='--only dashboard'`); this one may be busy.
PAINT_MS = 15_000


@pytest.fixture(scope="module")
def long_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "db" / "broker.sqlite"
    fill(path, NAMES, messages=100_000, events=50_000)
    return path


async def with_history(start_hive: Callable[..., Any], history: Path, tmp_path: Path) -> RunningHive:
    state = tmp_path / "state"
    await asyncio.to_thread(_copy, history, state / "db" / "broker.sqlite")
    hive: RunningHive = await start_hive()
    return hive


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(source.read_bytes())


async def test_a_month_of_messages_and_a_days_log_are_there_at_once_in_few_bytes(
    start_hive: Callable[..., Any], browser: Browser, long_history: Path, tmp_path: Path
) -> None:
    hive = await with_history(start_hive, long_history, tmp_path)
    for address in ("", "#/agent/alice"):
        async with visit(browser, hive.broker.login_url(), address) as seen:
            assert await seen.painted() < PAINT_MS
            if address:
                await expect(seen.page.locator(".log .entry").last).to_be_visible()
            await seen.settled()
            transferred, decoded = seen.wire.sums()
            # What is beside the hive is opened by somebody: that is an interaction, but a small one.
            allowed = FIRST_BYTES * (2 if address else 1)
            assert transferred < allowed
            assert decoded < allowed
            assert await seen.elements() < 3500


async def test_paging_far_back_keeps_the_page_small_and_the_rows_in_order(
    start_hive: Callable[..., Any], browser: Browser, long_history: Path, tmp_path: Path
) -> None:
    hive = await with_history(start_hive, long_history, tmp_path)
    async with visit(browser, hive.broker.login_url()) as seen:
        await seen.painted()
        scroll, rows = seen.page.locator(".flow .scroll"), seen.page.locator(".flow .scroll li")
        await scroll.hover()
        for pages in range(10):
            await seen.page.mouse.wheel(0, -1_000_000)
            known = str(FIRST_MESSAGES + 100 * pages)
            await expect(rows.first).not_to_have_attribute("aria-setsize", known)
            assert await rows.count() < 100
        numbers = await seen.page.evaluate(
            "[...document.querySelectorAll('.flow .message time')].map((one) => parseInt(one.title.slice(1)))"
        )
        assert numbers == sorted(set(numbers))
        assert await seen.elements() < 3500


async def test_an_idle_tab_receives_less_than_a_kilobyte_in_a_second(
    hive: RunningHive, browser: Browser
) -> None:
    await hive.agents["alice"].send("bob", "something to show")
    links = [await hive.agents[name].link() for name in NAMES]
    async with visit(browser, hive.broker.login_url(), "#/agent/alice") as seen:
        await seen.painted()
        await seen.settled()
        before, _ = seen.wire.sums()
        seconds = 20
        await asyncio.sleep(seconds)  # what is measured is that nothing happens
        after, _ = seen.wire.sums()
        # Two streams, and one heartbeat of a few bytes on each of them.
        assert after - before < 100
        assert (after - before) / seconds < 1024
    for link in links:
        await link.close()


async def traffic(hive: RunningHive, link: Any, count: int) -> None:
    """So many messages that are sent, leased and acked, and as many events of one agent."""
    messages = hive.broker.services.messages

    async def exchange(sender: str, recipient: str) -> None:
        for number in range(count // 80):
            turn = f"{sender}-{recipient}-{number}"
            bodies = (f"note {turn} {part} " + "word " * 40 for part in range(20))
            await asyncio.gather(
                *(messages.send(sender, SendRequest(to=recipient, body=body)) for body in bodies)
            )
            await messages.lease(recipient, LeaseRequest(turn=turn, max=20))
            await messages.ack(recipient, turn)

    async def events() -> None:
        for number in range(count // 100):
            text = f"{number} " + "word " * 40
            one = {"ts": 1.0, "turn": f"t{number}", "kind": "text", "data": {"text": text}}
            await link.send_json(report(status("working", f"step {number}"), *[one] * 100))

    pairs = [("alice", "bob"), ("bob", "alice"), ("boss", "bob"), ("alice", "boss")]
    await asyncio.gather(events(), *(exchange(*pair) for pair in pairs))


async def shown_to_the_end(hive: RunningHive, seen: Visit, link: Any, mark: str) -> None:
    note = {"ts": 1.0, "turn": None, "kind": "note", "data": {"level": "info", "text": mark}}
    await link.send_json(report(status("idle"), note))
    await hive.agents["alice"].send("bob", mark)
    await expect(seen.page.locator(".log .entry", has_text=mark)).to_be_attached(timeout=60_000)
    await seen.page.locator(f".flow .message:has-text('{mark}')").wait_for(state="attached", timeout=60_000)


async def test_an_hours_traffic_leaves_the_browsers_heap_as_it_was(
    start_hive: Callable[..., Any], browser: Browser
) -> None:
    busy = limited(rows_per_hour=100_000, frames_per_second=1000)
    hive = await start_hive(agents={"boss": {"role": "manager"} | busy, "alice": busy, "bob": busy})
    link = await hive.agents["alice"].link()
    async with visit(browser, hive.broker.login_url(), "#/agent/alice") as seen:
        await seen.page.locator(".link[data-link=live]").wait_for()
        # Until the lists are as long as they get.
        await traffic(hive, link, 1600)
        await shown_to_the_end(hive, seen, link, "first mark")
        before, elements = await seen.heap(), await seen.elements()
        await traffic(hive, link, 6400)
        await shown_to_the_end(hive, seen, link, "second mark")
        grown = await seen.heap() - before
        # Some 26,000 frames and events came, each of them half a kilobyte and more.
        assert grown < 2_000_000, f"{grown} bytes more than {before}"
        assert await seen.elements() < elements + 500
    await link.close()
