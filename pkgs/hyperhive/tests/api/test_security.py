"""Who may call what: every route of every application, by structure and by example."""

import asyncio
import os
import ssl
import stat
import subprocess
from pathlib import Path

import aiohttp
import pytest

from hyperhive.api.security import CONTENT_SECURITY_POLICY
from hyperhive.broker import peer_rule
from hyperhive.config import uid_base
from tests.api.conftest import RunningHive, StartHive, call, refusal
from tests.conftest import HiveConfig


async def test_a_host_that_is_not_ours_gets_nothing_at_all(hive: RunningHive) -> None:
    port = hive.url.rpartition(":")[2]
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "",
        "[::1]",
        "x@127.0.0.1",
    ):
        for path in ("/", "/api/login", "/api/state", "/static/js/login.js", "/nothing"):
            method = "POST" if path == "/api/login" else "GET"
            refused = await refusal(hive.browser, method, path, headers={"Host": host})
            assert (host, path, *refused) == (host, path, 403, "forbidden")


async def test_a_listed_host_is_answered_with_any_port_and_in_any_case(hive: RunningHive) -> None:
    for host in ("localhost:1", "LOCALHOST", "127.0.0.1"):
        async with hive.browser.get("/api/state", headers={"Host": host}) as response:
            assert response.status == 200


async def test_a_change_needs_our_own_origin(hive: RunningHive) -> None:
    [cookie] = hive.browser.cookie_jar
    cookies = {cookie.key: cookie.value}
    body = {"to": "alice", "body": "hello"}
    port = hive.url.rpartition(":")[2]
    for origin in (
        None,
        "",
        "null",
        "http://evil.example",
        f"https://127.0.0.1:{port}",
        "http://127.0.0.1:1",
    ):
        headers = {} if origin is None else {"Origin": origin}
        refused = await refusal(
            hive.stranger, "POST", "/api/messages", body, headers=headers, cookies=cookies
        )
        assert (origin, *refused) == (origin, 403, "forbidden")
    assert (await call(hive.admin, "GET", "/api/state"))[1]["messages"] == []


async def test_a_websocket_upgrade_needs_our_own_origin(hive: RunningHive) -> None:
    [cookie] = hive.browser.cookie_jar
    session = {"Cookie": f"{cookie.key}={cookie.value}"}
    for headers in (session, session | {"Origin": "http://evil.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await hive.stranger.ws_connect("/api/state", headers=headers)
        assert caught.value.status == 403


async def test_every_answer_carries_the_security_headers(hive: RunningHive) -> None:
    gets = ("/", "/api/state", "/nothing", "/messages/stream", "/static/js/login.js", "/static/js/none.js")
    for method, path in [*(("GET", path) for path in gets), ("POST", "/api/login"), ("PUT", "/api/state")]:
        for client in (hive.browser, hive.stranger):
            async with client.request(method, path) as response:
                assert {name: response.headers.get(name) for name in _EXPECTED} == _EXPECTED


_EXPECTED = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Server": "hyperhive",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def test_what_is_no_http_is_answered_in_the_one_shape_with_the_headers(hive: RunningHive) -> None:
    host, _, port = hive.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 nonsense\r\n\r\n")
    head, _, body = (await asyncio.wait_for(reader.read(), 30)).partition(b"\r\n\r\n")
    writer.close()
    assert b'{"error":{"key":"invalid_request"' in body
    assert b"Content-Security-Policy: default-src 'none'" in head


async def test_an_absolute_target_is_refused_whatever_host_it_names(hive: RunningHive) -> None:
    host, _, port = hive.url.removeprefix("http://").partition(":")
    for target in ("http://evil.example/api/state", f"http://{host}:{port}/api/state", "*"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        assert b" 400 " in answer.splitlines()[0]


async def test_two_host_headers_are_refused(hive: RunningHive) -> None:
    host, _, port = hive.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode()
    )
    status = (await asyncio.wait_for(reader.read(), 30)).splitlines()[0]
    writer.close()
    assert status.split()[1] in {b"400", b"403"}


async def test_sockets_have_the_modes_of_the_process_runtime(hive: RunningHive) -> None:
    assert _modes(hive.config.runtime_dir) == {
        "admin.sock": 0o600,
        "agents": 0o700,
        "agents/alice": 0o700,
        "agents/alice/broker.sock": 0o600,
        "agents/bob": 0o700,
        "agents/bob/broker.sock": 0o600,
        "agents/boss": 0o700,
        "agents/boss/broker.sock": 0o600,
    }


async def test_a_containers_root_reaches_its_socket_and_nobody_else_on_the_host_does(
    start_hive: StartHive,
) -> None:
    hive = await start_hive(runtime="nixos", agents={"alice": {}})
    assert _modes(hive.config.runtime_dir) == {
        "admin.sock": 0o600,
        "agents": 0o700,
        "agents/alice": 0o711,
        "agents/alice/broker.sock": 0o666,
    }


async def test_a_uid_outside_of_the_agents_range_is_refused(start_hive: StartHive) -> None:
    hive = await start_hive(runtime="nixos")
    assert await refusal(hive.agents["alice"], "GET", "/v1/me") == (403, "forbidden")
    assert (await call(hive.admin, "GET", "/api/state"))[0] == 200


def test_the_range_of_a_container_is_exactly_65536_uids(hive_config: HiveConfig) -> None:
    allowed = peer_rule(hive_config(runtime="nixos"), "alice")
    first = uid_base("alice")
    assert [allowed(uid) for uid in (first - 1, first, first + 65535, first + 65536, 0)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_process_agent_has_the_brokers_own_uid(hive_config: HiveConfig) -> None:
    allowed = peer_rule(hive_config(), "alice")
    assert [allowed(uid) for uid in (os.geteuid(), 0, os.geteuid() + 1)] == [True, True, False]


async def test_with_tls_the_cookie_is_secure_and_plain_http_is_not_answered(
    start_hive: StartHive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = _certificate(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    hive = await start_hive(
        listen={
            "host": "127.0.0.1",
            "port": 0,
            "host_names": ["localhost", "127.0.0.1"],
            "tls": {"certificate": str(tmp_path / "cert.pem"), "key_credential": "key.pem"},
            "plain_remote": False,
        }
    )
    assert hive.url.startswith("https://localhost:")
    async with hive.browser.get(hive.broker.login_url(), ssl=context, allow_redirects=False) as response:
        cookie = response.headers.getall("Set-Cookie")[0]
        assert cookie.startswith("__Host-hyperhive-")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    status, _ = await call(hive.browser, "POST", "/api/logout", ssl=context)
    assert status == 200
    with pytest.raises(aiohttp.ClientError):
        await hive.stranger.get(hive.url.replace("https", "http"))


def _modes(directory: str) -> dict[str, int]:
    return {
        str(path.relative_to(directory)): stat.S_IMODE(path.lstat().st_mode)
        for path in sorted(Path(directory).rglob("*"))
    }


def _certificate(directory: Path) -> ssl.SSLContext:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", directory / "key.pem", "-out", directory / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return ssl.create_default_context(cafile=str(directory / "cert.pem"))
