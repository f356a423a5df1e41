"""A real broker with the real dashboard, and a real browser that looks at it."""

import asyncio
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from hyperhive.broker import Broker
from hyperhive.config import BrokerConfig
from hyperhive.protocol.events import NewEvent, Note
from hyperhive.store import events as events_store
from tests.conftest import HiveConfig
from tests.terminal_host import TerminalHost, terminal_host

DASHBOARD = Path(__file__).parents[2] / "dashboard"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
WIDE: ViewportSize = {"width": 1280, "height": 800}

# Bounds for a busy machine: what has happened is seen at once, whatever they are.
expect.set_options(timeout=15_000)


@dataclass
class Agent:
    """One agent of the hive as a test plays it: calls on its socket and its link."""

    client: aiohttp.ClientSession

    async def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        method = "GET" if body is None else "POST"
        async with self.client.request(method, path, json=body) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == 200, answer
            return answer

    async def send(self, to: str, body: str, **more: Any) -> dict[str, Any]:
        answer = await self.call("/v1/messages", {"to": to, "body": body, **more})
        message: dict[str, Any] = answer["messages"][0]
        return message

    async def lease(self, turn: str, wait_seconds: float = 0) -> list[dict[str, Any]]:
        answer = await self.call("/v1/inbox/lease", {"turn": turn, "max": 32, "wait_seconds": wait_seconds})
        messages: list[dict[str, Any]] = answer["messages"]
        return messages

    async def link(self) -> aiohttp.ClientWebSocketResponse:
        link = await self.client.ws_connect("/v1/link")
        await link.send_json({"type": "hello", "version": "0", "turns": []})
        assert (await link.receive_json())["type"] == "welcome"
        return link


def status(state: str, detail: str = "", **more: Any) -> dict[str, Any]:
    """An agent's status as its harness reports it."""
    return {
        "state": state,
        "detail": detail,
        "model": "claude-test",
        "turn": None,
        "until": None,
        "session": None,
        "context_used": None,
        "context_max": None,
    } | more


def note(text: str) -> NewEvent:
    """An event of a log that only says something."""
    return NewEvent(ts=time.time(), turn=None, data=Note(text=text))


def report(state: dict[str, Any] | None, *events: dict[str, Any]) -> dict[str, Any]:
    return {"type": "report", "status": state, "events": list(events)}


@dataclass
class RunningHive:
    """A broker on a port of its own that can be restarted; `agents` by name, alice's shells in `host`."""

    config: BrokerConfig
    broker: Broker
    agents: dict[str, Agent] = field(default_factory=dict)
    host: TerminalHost | None = None

    @classmethod
    async def start(cls, config: BrokerConfig, stack: AsyncExitStack) -> Self:
        hive = cls(config=config, broker=Broker(config))
        stack.push_async_callback(hive.stop)
        await hive.broker.start()
        for name in config.agents:
            path = Path(config.runtime_dir) / "agents" / name / "broker.sock"
            connector = aiohttp.UnixConnector(path=str(path), force_close=True)
            client = aiohttp.ClientSession("http://broker", connector=connector)
            stack.push_async_callback(client.close)
            hive.agents[name] = Agent(client)
        return hive

    @property
    def url(self) -> str:
        return self.broker.url

    async def stop(self) -> None:
        await self.broker.stop()

    async def write_log(self, agent: str, events: list[NewEvent]) -> None:
        """Put events into an agent's log at once; nobody who looks at it is told."""
        await self.broker.services.db.commit(events_store.append, agent, events)

    async def resume(self) -> None:
        """A new broker in the place of the one that was stopped."""
        self.broker = Broker(self.config)
        await self.broker.start()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no chromium: install Debian's package chromium")
    if not (DASHBOARD / "vendor").is_dir():
        command = "npm ci --prefix dashboard && node dashboard/vendor.mjs"
        pytest.skip(f"no dashboard/vendor: run in pkgs/hyperhive: {command}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGS))
        yield browser
        await browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest_asyncio.fixture(loop_scope="module")
async def start_hive(hive_config: HiveConfig) -> AsyncIterator[Callable[..., Any]]:
    """`await start_hive(**fields of the broker's config)`; everything ends with the test."""
    async with AsyncExitStack() as stack:
        # A short name: the path of a Unix socket has room for 107 bytes.
        runtime = stack.enter_context(tempfile.TemporaryDirectory(prefix="hh-"))

        async def start(*, host_names: tuple[str, ...] = ("127.0.0.1",), **fields: Any) -> RunningHive:
            listen = {
                "host": "127.0.0.1",
                "port": free_port(),
                "host_names": [*host_names],
                "tls": None,
                "plain_remote": False,
            }
            config = hive_config(runtime_dir=runtime, dashboard_dir=str(DASHBOARD), listen=listen, **fields)
            return await RunningHive.start(config, stack)

        yield start


@pytest_asyncio.fixture(loop_scope="module")
async def hive(start_hive: Callable[..., Any]) -> RunningHive:
    """Manager `boss`, `alice` and `bob`."""
    running: RunningHive = await start_hive()
    return running


class Complaints(list[str]):
    """What the browser complained of: console errors, uncaught errors, CSP violations."""

    def watch(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.append(f"uncaught: {error}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.append(f"{message.type}: {message.text}")


@pytest_asyncio.fixture(loop_scope="module")
async def complaints() -> AsyncIterator[Complaints]:
    """Fails the test when the browser complained; a test that provokes it clears the list."""
    found = Complaints()
    yield found
    assert found == []


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser, complaints: Complaints) -> AsyncIterator[Callable[..., Any]]:
    """`await open_page(hive, **context options)`: a logged-in page that has its first snapshot."""
    contexts: list[BrowserContext] = []

    async def open_one(hive: RunningHive, *, log_in: bool = True, **options: Any) -> Page:
        context = await browser.new_context(**({"viewport": WIDE} | options))
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = await context.new_page()
        complaints.watch(page)
        if log_in:
            await page.goto(hive.broker.login_url())
            await page.locator(".link[data-link=live]").wait_for()
        return page

    yield open_one
    await asyncio.gather(*(context.close() for context in contexts))


@pytest_asyncio.fixture(loop_scope="module")
async def page(hive: RunningHive, open_page: Callable[..., Any]) -> Page:
    """The dashboard of `hive`, logged in and live, 1280 x 800."""
    opened: Page = await open_page(hive)
    return opened


@pytest_asyncio.fixture(loop_scope="module")
async def shells(hive: RunningHive, tmp_path: Path) -> AsyncIterator[RunningHive]:
    """The hive, with alice's terminals served."""
    async with AsyncExitStack() as stack:
        hive.host = await stack.enter_async_context(terminal_host(hive.config, "alice", tmp_path / "alice"))
        async with asyncio.timeout(30):
            while not hive.broker.services.agents.view("alice").linked:
                await asyncio.sleep(0.01)
        yield hive
