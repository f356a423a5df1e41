"""The broker as a whole: start, stop, and what it says when it cannot."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from hyperhive.broker import Broker, remote_url, run
from hyperhive.config import BrokerConfig
from hyperhive.errors import ConfigError, ConflictError, HyperhiveError, UnavailableError
from tests.conftest import HiveConfig
from tests.systemctl import Systemctl


@pytest.fixture
def config(hive_config: HiveConfig) -> Iterator[BrokerConfig]:
    """A hive whose sockets' paths are short enough."""
    with tempfile.TemporaryDirectory(prefix="hh-") as name:
        yield hive_config(runtime_dir=f"{name}/run", state_dir=f"{name}/state")


async def _admin(config: BrokerConfig, path: str) -> object:
    connector = aiohttp.UnixConnector(path=f"{config.runtime_dir}/admin.sock")
    async with (
        aiohttp.ClientSession("http://admin", connector=connector) as client,
        client.get(path) as answer,
    ):
        return await answer.json()


async def test_it_starts_answers_stops_and_starts_again_where_it_was(config: BrokerConfig) -> None:
    broker = Broker(config)
    await broker.start()
    url = await _admin(config, "/admin/token")
    assert url == {"url": broker.login_url()}
    await broker.stop()
    assert sorted(Path(config.runtime_dir).rglob("*.sock")) == []
    again = Broker(config)
    await again.start()
    assert again.login_url().partition("token=")[2] == broker.login_url().partition("token=")[2]
    await again.stop()


async def test_a_second_broker_on_the_same_hive_is_refused_and_the_first_goes_on(
    config: BrokerConfig,
) -> None:
    first = Broker(config)
    await first.start()
    with pytest.raises(HyperhiveError):
        await Broker(config).start()
    assert await _admin(config, "/admin/token") == {"url": first.login_url()}
    await first.stop()


async def test_a_second_broker_on_the_same_sockets_is_refused_and_the_first_goes_on(
    config: BrokerConfig, tmp_path: Path
) -> None:
    first = Broker(config)
    await first.start()
    with pytest.raises(ConflictError, match="another process listens there"):
        await Broker(config.model_copy(update={"state_dir": str(tmp_path / "other")})).start()
    assert await _admin(config, "/admin/token") == {"url": first.login_url()}
    await first.stop()


async def test_the_socket_of_an_agent_that_left_the_configuration_goes(config: BrokerConfig) -> None:
    left = Path(config.runtime_dir, "agents", "carol")
    left.mkdir(parents=True)
    # A socket that is closed stays in its directory, as one of a process that died does.
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(left / "broker.sock"))
    broker = Broker(config)
    await broker.start()
    assert [path.name for path in left.iterdir()] == []
    await broker.stop()


async def test_a_port_in_use_stops_the_start_and_leaves_nothing_behind(
    config: BrokerConfig, hive_config: HiveConfig
) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    listen = config.listen.model_copy(update={"port": port})
    with pytest.raises(UnavailableError, match=f"cannot listen on 127.0.0.1 port {port}"):
        await Broker(config.model_copy(update={"listen": listen})).start()
    server.close()
    assert sorted(Path(config.runtime_dir).rglob("*.sock")) == []
    broker = Broker(config)
    await broker.start()
    await broker.stop()


async def test_a_missing_credential_stops_the_start(
    config: BrokerConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    operator = config.operator.model_copy(update={"password_credential": "password"})
    with pytest.raises(ConfigError, match="credential 'password'"):
        await Broker(config.model_copy(update={"operator": operator})).start()


async def test_an_agent_that_is_being_stopped_does_not_hold_up_the_end(
    config: BrokerConfig, systemctl: Systemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.broker._FINISH_SECONDS", 0.1)
    pid = systemctl.bin / "pid"
    systemctl.unit("alice", "active")
    systemctl.play("stop", f"echo $$ > {pid}; exec sleep 60")
    broker = Broker(config.model_copy(update={"runtime": "nixos"}))
    await broker.start()
    connector = aiohttp.UnixConnector(path=f"{config.runtime_dir}/admin.sock")
    async with aiohttp.ClientSession("http://admin", connector=connector) as client:
        stopping = asyncio.ensure_future(client.post("/api/agents/alice/stop"))
        async with asyncio.timeout(30):
            while not (pid.exists() and pid.read_text()):
                await asyncio.sleep(0.01)
            await broker.stop()
        with pytest.raises(aiohttp.ClientError):
            await stopping
    assert not Path("/proc", pid.read_text().strip()).exists()


async def test_a_failing_sweep_is_logged_and_tried_again(
    config: BrokerConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hyperhive.broker._SWEEP_SECONDS", 0.01)
    broker = Broker(config)
    await broker.start()
    swept = asyncio.Event()

    async def sweep() -> None:
        if caplog.records and caplog.records[-1].levelno == logging.ERROR:
            swept.set()
        raise ValueError("the disk is full")

    monkeypatch.setattr(broker.services.messages, "sweep", sweep)
    await asyncio.wait_for(swept.wait(), 30)
    await broker.stop()
    assert caplog.records[-1].getMessage() == "the sweep failed"


def test_a_start_that_fails_is_one_line_and_status_one(
    config: BrokerConfig, caplog: pytest.LogCaptureFixture
) -> None:
    Path(config.state_dir).parent.joinpath("state").write_text("in the way")
    assert run(config) == 1
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info is None
    assert "state" in record.getMessage()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly_and_soon_even_with_open_streams(
    config: BrokerConfig, number: signal.Signals
) -> None:
    script = "import sys; from hyperhive.broker import run; from hyperhive.config import BrokerConfig\n"
    script += "sys.exit(run(BrokerConfig.model_validate_json(sys.stdin.read())))"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(config.model_dump()))
        process.stdin.close()
        line = process.stderr.readline()
        assert "dashboard at http://127.0.0.1:" in line
        asyncio.run(_interrupt(config, process, number))
        errors = process.stderr.read()
        assert (process.wait(5), "Traceback" in errors) == (0, False), errors


async def _interrupt(config: BrokerConfig, process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Open a stream and a waiting lease, send the signal, wait until both end."""

    def client(path: str) -> aiohttp.ClientSession:
        connector = aiohttp.UnixConnector(path=f"{config.runtime_dir}/{path}")
        return aiohttp.ClientSession("http://hive", connector=connector)

    async with client("admin.sock") as admin, client("agents/bob/broker.sock") as bob, asyncio.timeout(30):
        async with admin.get("/messages/stream") as stream:
            await stream.content.readuntil(b"\n\n")
            body = {"turn": "t", "wait_seconds": 180}
            waiting = asyncio.ensure_future(bob.post("/v1/inbox/lease", json=body))
            async with bob.get("/v1/me") as me:
                assert me.status == 200
            process.send_signal(number)
            await stream.content.read()
        async with await waiting as response:
            assert response.status == 503


@pytest.mark.parametrize(
    ("host", "names", "url"),
    [
        ("0.0.0.0", ["127.0.0.1", "localhost", "[::1]", "hive.lan"], "http://hive.lan:7000"),
        ("10.0.0.2", ["[2001:db8::7]"], "http://[2001:db8::7]:7000"),
        # A phone's own loopback is no way to here.
        ("0.0.0.0", ["127.0.0.1", "localhost", "[::1]"], None),
        ("127.0.0.1", ["hive.lan"], None),
    ],
)
def test_links_for_other_machines_have_a_name_that_leads_here(
    hive_config: HiveConfig, host: str, names: list[str], url: str | None
) -> None:
    listen = {"host": host, "port": 7000, "host_names": names, "tls": None, "plain_remote": True}
    assert remote_url(hive_config(listen=listen)) == url
