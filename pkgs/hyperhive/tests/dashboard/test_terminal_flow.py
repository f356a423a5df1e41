"""A terminal's bytes in a real browser: none lost, none twice, and no more than can be drawn."""

import asyncio
import hashlib
import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bench.memory import weigh
from tests.dashboard.conftest import Complaints, RunningHive
from tests.dashboard.shells import HIDE, open_terminal, rows, run

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: How long `yes` floods the page and how soon after that Ctrl-C has worked, in seconds; by how much nothing
#: may grow meanwhile, in MiB.
FLOOD_SECONDS = 30.0
INTERRUPT_SECONDS = 0.2
GROWTH_MIB = 50.0

#: Counts and hashes what the emulator is given to draw; the module is the page's own.
RECORD = """async () => {
  const { Terminal } = await import('/static/vendor/xterm.module.js');
  const write = Terminal.prototype.write;
  window.drawn = [];
  Terminal.prototype.write = function (data, done) {
    if (typeof data !== 'string') window.drawn.push(data.slice());
    return write.call(this, data, done);
  };
}"""
DRAWN_LENGTH = "() => window.drawn.reduce((sum, one) => sum + one.length, 0)"
DRAWN_HASH = """async ([begin, length]) => {
  const whole = new Uint8Array(await new Blob(window.drawn).arrayBuffer()).subarray(begin, begin + length);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}"""


def forgive(complaints: Complaints) -> None:
    """Drop what the browser says of a broker that is away."""
    known = ("net::ERR_", "WebSocket connection", "404")
    assert [line for line in complaints if not any(one in line for one in known)] == []
    complaints.clear()


async def drawn_beyond(page: Page, count: float) -> None:
    """Wait until the emulator was given more bytes than that."""
    async with asyncio.timeout(90):
        while await page.evaluate(DRAWN_LENGTH) <= count:
            await asyncio.sleep(0.01)


async def cut(hive: RunningHive) -> None:
    """Break every connection of browsers, without a word."""
    for listener in hive.broker._listeners:
        server = listener._runner.server
        if listener._socket is None and server is not None:
            for connection in list(server.connections):
                assert connection.transport is not None
                connection.transport.abort()


async def test_every_byte_of_10_mb_is_drawn_once_although_connections_break(
    shells: RunningHive, page: Page, complaints: Complaints
) -> None:
    await open_terminal(shells, page)
    await page.evaluate(RECORD)
    await run(page, "stty -onlcr; echo begin; seq 1400000; echo beh''ind")
    wanted = b"".join(b"%d\n" % number for number in range(1, 1_400_001))
    assert len(wanted) > 10_000_000
    for share in (0.2, 0.4, 0.6, 0.8):
        await drawn_beyond(page, len(wanted) * share)
        await cut(shells)
        await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer", timeout=30_000)
    await drawn_beyond(page, len(wanted))
    await expect(rows(page)).to_contain_text("behind", timeout=30_000)
    begin = await page.evaluate(
        """() => {
          const text = new TextDecoder('latin1').decode(window.drawn.reduce((all, one) =>
            all.length > 5000 ? all : new Uint8Array([...all, ...one]), new Uint8Array()));
          return text.indexOf('begin\\n') + 6;
        }"""
    )
    drawn = await page.evaluate(DRAWN_HASH, [begin, len(wanted)])
    assert drawn == hashlib.sha256(wanted).hexdigest()
    forgive(complaints)


async def test_a_window_goes_on_after_a_restart_of_the_broker(
    shells: RunningHive, page: Page, complaints: Complaints
) -> None:
    await open_terminal(shells, page)
    await run(page, "echo before; read line; echo got $line")
    await expect(rows(page)).to_contain_text("before")
    await shells.stop()
    await expect(page.locator(".terminal-foot")).to_contain_text("connecting again")
    await page.keyboard.type("lost")
    await shells.resume()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer", timeout=30_000)
    await run(page, "after")
    await expect(rows(page)).to_contain_text("got after")
    await expect(rows(page)).to_contain_text("before")
    forgive(complaints)


async def test_a_window_waits_for_a_harness_that_is_away_and_goes_on(
    shells: RunningHive, page: Page, complaints: Complaints
) -> None:
    await open_terminal(shells, page)
    await run(page, "echo before; read line; echo got $line")
    await expect(rows(page)).to_contain_text("before")
    assert shells.host is not None
    await shells.host.cut()
    await expect(page.locator(".terminal-foot")).to_contain_text("harness is away; waiting for it")
    await page.keyboard.type("lost")
    shells.host.start()
    await expect(page.locator(".terminal-foot")).to_contain_text("1 viewer", timeout=30_000)
    await run(page, "after")
    await expect(rows(page)).to_contain_text("got after")
    forgive(complaints)


async def weights(page: Page) -> dict[str, float]:
    """MiB of broker and harness, which are this process, and of the page, after a collection.

    The bytes of sockets and of the emulator's lines lie in buffers beside the heap of the page's objects.
    """
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    usage = await session.send("Runtime.getHeapUsage")
    await session.detach()
    parts = ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
    in_page = sum(float(usage[part]) for part in parts) / 1024 / 1024
    return {"broker and harness": weigh([os.getpid()])["rss"], "page": in_page}


#: Presses Ctrl-C as the keyboard does, and answers with the seconds until the prompt is drawn.
INTERRUPT = """async () => {
  const area = document.querySelector('.xterm-helper-textarea');
  const screen = document.querySelector('.emulator .xterm-rows');
  const began = performance.now();
  const key = { key: 'c', code: 'KeyC', keyCode: 67, ctrlKey: true, bubbles: true };
  area.dispatchEvent(new KeyboardEvent('keydown', key));
  while (!screen.textContent.includes('hive>')) {
    if (performance.now() - began > 60_000) throw new Error(screen.textContent.slice(0, 100));
    await new Promise(requestAnimationFrame);
  }
  return (performance.now() - began) / 1000;
}"""


@pytest.mark.timeout(300)
async def test_a_flood_is_ended_at_once_and_nothing_grows(shells: RunningHive, page: Page) -> None:
    await open_terminal(shells, page)
    await run(page, "seq 6000; clear")
    await expect(rows(page)).to_have_text(re.compile(r"^\s*hive>\s*$"))
    before = await weights(page)
    grown = dict.fromkeys(before, 0.0)
    seconds: list[float] = []
    # The machine of a test may do other things as well; a terminal that lags would lag after each flood.
    while len(seconds) < 3 and min(seconds, default=1) >= INTERRUPT_SECONDS:
        await run(page, "clear; yes")
        async with asyncio.timeout(2 * FLOOD_SECONDS):
            until = asyncio.get_running_loop().time() + FLOOD_SECONDS
            while asyncio.get_running_loop().time() < until:
                await asyncio.sleep(1)
                now = await weights(page)
                grown = {name: max(grown[name], now[name] - before[name]) for name in before}
        await expect(rows(page)).to_contain_text("y" * 20)
        seconds.append(await page.evaluate(INTERRUPT))
    assert min(seconds) < INTERRUPT_SECONDS, seconds
    assert max(grown.values()) < GROWTH_MIB, grown


async def test_a_hidden_window_does_not_hold_the_program_up_and_draws_what_it_missed(
    shells: RunningHive, page: Page
) -> None:
    await open_terminal(shells, page)
    await page.evaluate(HIDE, True)
    await run(page, "seq 500000; touch finished")
    done = Path(shells.config.state_dir).parent / "alice" / "state" / "finished"
    async with asyncio.timeout(60):
        while not done.exists():
            await asyncio.sleep(0.05)
    await page.evaluate(HIDE, False)
    await expect(rows(page)).to_contain_text("500000")
    await expect(rows(page)).to_contain_text("hive>")
