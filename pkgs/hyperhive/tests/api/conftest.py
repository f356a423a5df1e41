"""A running broker with clients for the operator, the agents and the admin socket."""

import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from hyperhive.broker import Broker
from hyperhive.config import BrokerConfig
from tests.conftest import HiveConfig

StartHive = Callable[..., Awaitable["RunningHive"]]


@dataclass
class RunningHive:
    """A broker on real sockets.

    Attributes:
        browser: A client of the TCP port with an `Origin` of its own and, after `log_in`, a session.
        stranger: A client of the TCP port that sends nothing but what a test gives it.
        admin: A client of the admin socket.
    """

    config: BrokerConfig
    broker: Broker
    browser: aiohttp.ClientSession
    stranger: aiohttp.ClientSession
    admin: aiohttp.ClientSession
    agents: dict[str, aiohttp.ClientSession] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.broker.url

    @property
    def database(self) -> Path:
        return Path(self.config.state_dir) / "db" / "broker.sqlite"

    def socket(self, agent: str) -> Path:
        return Path(self.config.runtime_dir) / "agents" / agent / "broker.sock"

    async def log_in(self) -> None:
        token = self.broker.services.sessions.token()
        async with self.browser.post("/api/login", json={"token": token}) as response:
            assert response.status == 200, await response.text()

    async def send(self, sender: str, to: str, body: str, **more: Any) -> list[dict[str, Any]]:
        """The messages as everybody else gets them: the answer leaves out what the sender has."""
        answer = await call(self.agents[sender], "POST", "/v1/messages", {"to": to, "body": body, **more})
        assert answer[0] == 200, answer
        assert {"body" in message for message in answer[1]["messages"]} == {False}
        return [message | {"body": body} for message in answer[1]["messages"]]

    async def lease(self, agent: str, turn: str, **more: Any) -> list[dict[str, Any]]:
        answer = await call(self.agents[agent], "POST", "/v1/inbox/lease", {"turn": turn, **more})
        assert answer[0] == 200, answer
        messages: list[dict[str, Any]] = answer[1]["messages"]
        return messages


async def call(
    client: aiohttp.ClientSession, method: str, path: str | URL, body: Any = None, **options: Any
) -> tuple[int, Any]:
    """Status and JSON of one call."""
    payload = {} if body is None else {"json": body}
    async with client.request(method, path, **payload, **options) as response:
        return response.status, json.loads(await response.read())


async def refusal(
    client: aiohttp.ClientSession, method: str, path: str | URL, body: Any = None, **options: Any
) -> tuple[int, str]:
    """Status and key of one refused call, whose whole body has the one shape."""
    status, answer = await call(client, method, path, body, **options)
    assert answer == {"error": {"key": answer["error"]["key"], "message": answer["error"]["message"]}}
    assert answer["error"]["message"]
    return status, answer["error"]["key"]


@pytest.fixture
def runtime_dir() -> Iterator[Path]:
    """A short name: the path of a Unix socket has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="hh-") as name:
        yield Path(name) / "run"


@pytest.fixture
def dashboard_dir(tmp_path: Path) -> Path:
    """A small console and login page."""
    directory = tmp_path / "dashboard"
    (directory / "js").mkdir(parents=True)
    (directory / "css").mkdir()
    (directory / "index.html").write_text("<!doctype html><title>console</title>")
    (directory / "login.html").write_text(
        "<!doctype html><title>log in</title><link rel=stylesheet href='/static/css/login.css'>"
        "<script type=module src='/static/js/login.js'></script>"
    )
    (directory / "css" / "login.css").write_text("@import './base.css'; body { color: red }")
    (directory / "css" / "base.css").write_text("body { margin: 0 }")
    (directory / "js" / "login.js").write_text("import { post } from './http.js'; post;")
    (directory / "js" / "http.js").write_text("export const post = 1;")
    (directory / "js" / "again.js").write_text("location.replace('/?again');")
    (directory / "js" / "console.js").write_text("'secret of nobody';")
    return directory


@pytest.fixture
async def start_hive(
    hive_config: HiveConfig, runtime_dir: Path, dashboard_dir: Path
) -> AsyncIterator[StartHive]:
    """`await start_hive(clock=…, agents=…, **broker fields)`; everything ends with the test."""
    async with AsyncExitStack() as stack:

        def client(base: str, socket: Path | None = None, **headers: str) -> aiohttp.ClientSession:
            connector = aiohttp.UnixConnector(path=str(socket)) if socket else aiohttp.TCPConnector()
            session = aiohttp.ClientSession(
                base,
                connector=connector,
                headers=headers,
                # The address is an IP, for which a jar keeps no cookies unless it is told to.
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                timeout=aiohttp.ClientTimeout(total=20),
            )
            stack.push_async_callback(session.close)
            return session

        async def start(clock: Callable[[], float] = time.time, **changes: Any) -> RunningHive:
            config = hive_config(runtime_dir=str(runtime_dir), **changes)
            broker = Broker(config, clock)
            await broker.start()
            stack.push_async_callback(broker.stop)
            hive = RunningHive(
                config=config,
                broker=broker,
                browser=client(broker.url, Origin=broker.url),
                stranger=client(broker.url),
                admin=client("http://admin", runtime_dir / "admin.sock"),
            )
            for name in config.agents:
                hive.agents[name] = client("http://broker", hive.socket(name))
            return hive

        yield start


@pytest.fixture
async def hive(start_hive: StartHive) -> RunningHive:
    """Manager `boss`, `alice` and `bob`; the operator is logged in."""
    hive = await start_hive()
    await hive.log_in()
    return hive
