"""How quick and light the dashboard is with a long history, in a real browser."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Error

from bench.browser import browser
from bench.history import fill
from bench.hive import BenchHive, bench_hive
from bench.peers import HttpPeer
from bench.report import Section, Spread, percentile, rounded
from bench.visit import Visit, visit
from hyperhive.errors import UnavailableError
from hyperhive.system.installation import dashboard_dir
from hyperhive.up.paths import choose_paths

AGENTS: Final = ("alice", "bob", "carol", "dave")
#: Messages that go through the open page while its heap is watched, and those that come first.
TRAFFIC: Final = 20_000
_WARM: Final = 2_000
_TRAFFIC_SECONDS: Final = 120.0
_IDLE_SECONDS: Final = 20.0
_SHOWN_MS: Final = 60_000
_MIB: Final = 1024 * 1024

#: Scrolls the flow up in steps, one in each frame, and gives the milliseconds between frames.
_SCROLL: Final = """async (steps) => {
  const box = document.querySelector('.flow .scroll');
  const frames = [];
  let before = await new Promise(requestAnimationFrame);
  for (let step = 0; step < steps; step += 1) {
    box.scrollTop -= 120;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return frames;
}"""


async def measure(directory: Path, *, quick: bool) -> Section:
    """Visit a hive with 100,000 messages and a log of 50,000 events."""
    messages, events = (2000, 1000) if quick else (100_000, 50_000)
    place = directory / "hive"
    database = choose_paths(place, dashboard_dir()).state_dir / "db" / "broker.sqlite"
    await asyncio.to_thread(fill, database, AGENTS, messages=messages, events=events)
    async with AsyncExitStack() as stack:
        hive = await stack.enter_async_context(bench_hive(place, AGENTS))
        started = await stack.enter_async_context(browser())
        peers = [await stack.enter_async_context(hive.agent(name)) for name in AGENTS]
        try:
            return {
                "messages": messages,
                "events": events,
                **await _visits(started, hive, 2 if quick else 11),
                **await _stay(started, hive, peers, quick=quick),
            }
        except Error as error:
            raise UnavailableError(f"the browser: {error.message.splitlines()[0]}") from error


async def _visits(started: Browser, hive: BenchHive, count: int) -> Section:
    """Visits of a browser without a cache, one after the other."""
    samples, sums = [], (0, 0)
    for _ in range(count):
        async with visit(started, hive.processes.login_url) as seen:
            samples.append(await seen.painted())
            await seen.settled()
            sums = seen.wire.sums()
    return {
        "first_useful_paint_ms": Spread(samples).summary(),
        "before_any_interaction_kb": {
            "transferred": rounded(sums[0] / 1000),
            "decoded": rounded(sums[1] / 1000),
        },
    }


async def _stay(started: Browser, hive: BenchHive, peers: list[HttpPeer], *, quick: bool) -> Section:
    """One tab that is scrolled, left alone, and then busy."""
    async with visit(started, hive.processes.login_url) as seen:
        await seen.painted()
        await seen.settled()
        frames = await seen.page.evaluate(_SCROLL, 20 if quick else 400)
        await seen.page.reload()
        await seen.settled()
        before, _ = seen.wire.sums()
        seconds = 1.0 if quick else _IDLE_SECONDS
        await asyncio.sleep(seconds)
        idle = (seen.wire.sums()[0] - before) / seconds
        return {
            "scrolling_frame_ms": {
                "p50": rounded(Spread(frames).median),
                "p99": rounded(percentile(frames, 99)),
            },
            "idle_bytes_per_second": rounded(idle),
            **await _busy(seen, peers, 50 if quick else TRAFFIC, 50 if quick else _WARM),
        }


async def _busy(seen: Visit, peers: list[HttpPeer], count: int, warm: int) -> Section:
    """The heap before and after many messages; the first ones fill the lists to their limits."""
    await _exchange(peers, warm)
    await _shown(seen, peers[0], "the warm-up is over")
    heap, elements = await seen.heap(), await seen.elements()
    began = time.monotonic()
    sent = await _exchange(peers, count)
    await _shown(seen, peers[0], "the traffic is over")
    after = await seen.heap()
    return {
        "traffic_messages": sent,
        "traffic_seconds": rounded(time.monotonic() - began),
        "heap_mib": {"before": rounded(heap / _MIB), "after": rounded(after / _MIB)},
        "elements": {"before": elements, "after": await seen.elements()},
    }


async def _exchange(peers: list[HttpPeer], wanted: int) -> int:
    """Send `wanted` messages round and round, each leased and acked; fewer when the machine is slow."""
    deadline = time.monotonic() + _TRAFFIC_SECONDS
    sent = 0

    async def work(peer: HttpPeer, to: str, own: str) -> None:
        nonlocal sent
        while sent < wanted and time.monotonic() < deadline:
            for _ in range(10):
                sent += 1
                body: dict[str, Any] = {"to": to, "body": f"note {sent} " + "word " * 30}
                await peer.post("/v1/messages", body)
            turn = f"{own}-{sent}"
            await peer.post("/v1/inbox/lease", {"turn": turn, "max": 32, "wait_seconds": 0})
            await peer.post("/v1/inbox/ack", {"turn": turn})

    ring = zip(peers, (*AGENTS[1:], AGENTS[0]), AGENTS, strict=True)
    await asyncio.gather(*(work(peer, to, own) for peer, to, own in ring))
    return sent


async def _shown(seen: Visit, peer: HttpPeer, mark: str) -> None:
    await peer.post("/v1/messages", {"to": AGENTS[1], "body": mark})
    await seen.page.locator(f".flow .message:has-text('{mark}')").wait_for(
        state="attached", timeout=_SHOWN_MS
    )
