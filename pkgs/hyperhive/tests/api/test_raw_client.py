"""A hostile process on an agent's socket: whatever it tries is refused and changes nothing."""

import asyncio
import gzip
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import RunningHive, StartHive, call

BAD = (400, "invalid_request")
DENIED = (403, "recipient_denied")
MISSING = (404, "not_found")
NO_METHOD = (405, "method_not_allowed")
SEND = ("POST", "/v1/messages")
ASK = ("POST", "/v1/questions")
LEASE = ("POST", "/v1/inbox/lease")
MAIL = {"to": "bob", "body": "x"}

#: What is no number or no boolean where one belongs, or none that can be.
FLOATS: list[Any] = [True, False, "5", "", [], {}, None, -1, 10**40, 1e308, float("nan"), float("inf")]
INTEGERS: list[Any] = [value for value in FLOATS if value is not None] + [1.5]
BOOLEANS: list[Any] = [0, 1, "true", "", [], {}, None]

#: What `mallory` tries: a name, method, path, body, and the status and key it gets.
TRIALS: list[tuple[str, str, str, Any, int, str]] = [
    ("send with a sender", *SEND, {**MAIL, "sender": "boss"}, *BAD),
    ("send with a from", *SEND, {**MAIL, "from": "operator"}, *BAD),
    ("send with a state", *SEND, {**MAIL, "state": "acked"}, *BAD),
    ("send with a kind", *SEND, {**MAIL, "kind": "question_answered"}, *BAD),
    ("send beyond the list", *SEND, {"to": "alice", "body": "x"}, *DENIED),
    ("send to the manager", *SEND, {"to": "boss", "body": "x"}, *DENIED),
    ("send to the operator", *SEND, {"to": "operator", "body": "x"}, *DENIED),
    ("send to the system", *SEND, {"to": "system", "body": "x"}, *BAD),
    ("send to itself", *SEND, {"to": "mallory", "body": "x"}, *BAD),
    ("send to nobody", *SEND, {"to": "nobody", "body": "x"}, 404, "unknown_recipient"),
    ("send to a padded name", *SEND, {"to": "alice ", "body": "x"}, 404, "unknown_recipient"),
    ("send to another case", *SEND, {"to": "ALICE", "body": "x"}, 404, "unknown_recipient"),
    ("send to a list", *SEND, {"to": ["bob", "alice"], "body": "x"}, *BAD),
    ("reply to others' mail", *SEND, {**MAIL, "in_reply_to": 1}, *BAD),
    ("ask beyond the list", *ASK, {"question": "x", "to": "alice"}, *DENIED),
    ("ask the operator", *ASK, {"question": "x"}, *DENIED),
    ("ask as another", *ASK, {"question": "x", "to": "bob", "asker": "boss"}, *BAD),
    ("ask for ever", *ASK, {"question": "x", "to": "bob", "ttl_seconds": 10**9}, *BAD),
    ("read others' mail", "GET", "/v1/messages/1", None, *MISSING),
    ("answer others' question", "POST", "/v1/questions/1/answer", {"answer": "x"}, *MISSING),
    ("cancel others' question", "POST", "/v1/questions/1/cancel", None, *MISSING),
    ("lease as another", *LEASE, {"turn": "t", "agent": "bob"}, *BAD),
    ("lease too many", *LEASE, {"turn": "t", "max": 1000}, *BAD),
    ("wait too long", *LEASE, {"turn": "t", "wait_seconds": 9999}, *BAD),
    *(
        (f"{path} with {field}: {json.dumps(value)}", "POST", path, {**body, field: value}, *BAD)
        for path, body, fields in [
            ("/v1/inbox/lease", {"turn": "t"}, {"wait_seconds": FLOATS, "max": INTEGERS}),
            ("/v1/inbox/ack", {"turn": "t"}, {"ids": [[value] for value in INTEGERS]}),
            ("/v1/messages", MAIL, {"in_reply_to": INTEGERS}),
            ("/v1/questions", {"question": "x", "to": "bob"}, {"ttl_seconds": INTEGERS, "multi": BOOLEANS}),
        ]
        for field, values in fields.items()
        for value in values
    ),
    ("ack as another", "POST", "/v1/inbox/ack", {"turn": "bobs-turn", "agent": "bob"}, *BAD),
    ("read the state", "GET", "/api/state", None, *MISSING),
    ("send as operator", "POST", "/api/messages", MAIL, *MISSING),
    ("answer as operator", "POST", "/api/questions/1/answer", {"answer": "x"}, *MISSING),
    ("read the stream", "GET", "/messages/stream", None, *MISSING),
    ("take the token", "GET", "/admin/token", None, *MISSING),
    ("log in", "POST", "/api/login", {"token": "x"}, *MISSING),
    ("the dashboard", "GET", "/", None, *MISSING),
    ("a static file", "GET", "/static/js/login.js", None, *MISSING),
    ("cancel a turn", "POST", "/api/agents/alice/cancel", None, *MISSING),
    ("delete mail", "DELETE", "/v1/messages/1", None, *NO_METHOD),
    ("overwrite mail", "PUT", "/v1/messages/1", {"body": "x"}, *NO_METHOD),
    ("patch mail", "PATCH", "/v1/messages/1", {"body": "x"}, *NO_METHOD),
    ("an invented method", "STEAL", "/v1/me", None, *BAD),
    ("a method in a header", "GET", "/v1/messages", None, *NO_METHOD),
    ("link by a post", "POST", "/v1/link", None, *NO_METHOD),
    ("link without an upgrade", "GET", "/v1/link", None, *BAD),
    ("a number that is none", "GET", "/v1/messages/1%20or%201=1", None, *BAD),
    ("a number of another script", "GET", "/v1/messages/%D9%A1", None, *BAD),
]

#: Request lines that are no plain path, and paths that wander.
TARGETS = [
    "http://127.0.0.1/api/state",
    "http://broker/v1/me",
    "//admin/token",
    "/v1/../api/state",
    "/v1/%2e%2e/api/state",
    "/v1/..%2fapi%2fstate",
    "/v1//me",
    "/V1/me",
    "/v1/me/",
    "/v1/me;x=1",
    "/v1/me%00",
    "/v1/messages/../me/../../admin/token",
    "*",
    "admin/token",
]

#: Bytes that are no proper request, and the status they get.
IMPROPER = {
    b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 10_000 + b"\r\n\r\n": 400,
    b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n": 400,
    b"GET /v1/me HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n": 400,
    b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n": 400,
    b"GET /v1/me\r\n\r\n": 505,
    b"GET /v1/me HTTP/0.9\r\nHost: x\r\n\r\n": 505,
    b"GET /v1/me HTTP/1.0\r\n\r\n": 400,
    b"GET /v1/me HTTP/1.1\r\nConnection: close\r\n\r\n": 400,
    b"GET /v1/me HTTP/1.1\r\nConnection: close\r\nHost: x\r\nHost: y\r\n\r\n": 400,
    b"GET /v1/link HTTP/1.0\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n": 400,
    b"GET /v1/me HTTP/1.2\r\nHost: x\r\n\r\n": 400,
    b"GET /v1/me HTTP/2.0\r\nHost: x\r\n\r\n": 505,
    b"GET /v1/me HTTP/9.9\r\nHost: x\r\n\r\n": 400,
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{": 413,
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}": 400,
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}": 400,
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n": 400,
    b"CONNECT admin.sock:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": 400,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": 400,
    b"\x00\x01\x02\x03\r\n\r\n": 400,
}


@pytest.fixture
async def besieged(start_hive: StartHive) -> AsyncIterator[RunningHive]:
    """Leased mail and a question of others, and `mallory`, who may reach `bob` only."""
    hive = await start_hive(
        agents={
            "boss": {"role": "manager"},
            "alice": {},
            "bob": {},
            "mallory": {"allowed_recipients": ["bob"]},
        }
    )
    await hive.send("alice", "bob", "private")
    await call(hive.agents["alice"], "POST", "/v1/questions", {"question": "secret?", "to": "boss"})
    await hive.lease("bob", "bobs-turn")
    before = _contents(hive.database)
    yield hive
    assert _contents(hive.database) == before


def _contents(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for the records of refused messages."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        tables = [
            name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
        ]
        rows = {
            table: connection.execute(f"select * from {table}").fetchall()
            for table in tables
            if table not in {"messages", "bodies", "stored_bytes", "sqlite_sequence"}
        }
        rows["messages"] = connection.execute(
            "select * from messages join bodies on bodies.id = body_id where state <> 'refused'"
        ).fetchall()
    connection.close()
    return rows


async def _raw(hive: RunningHive, request: bytes) -> tuple[int, Any]:
    reader, writer = await asyncio.open_unix_connection(hive.socket("mallory"))
    try:
        writer.write(request)
        head, _, body = (await asyncio.wait_for(reader.read(), 30)).partition(b"\r\n\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
    return int(head.split()[1]), json.loads(body)


async def test_every_trial_is_refused_with_its_key_and_changes_nothing(besieged: RunningHive) -> None:
    answers = {}
    for name, method, path, body, _, _ in TRIALS:
        payload = b"" if body is None else json.dumps(body).encode()
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n"
            f"X-HTTP-Method-Override: DELETE\r\nX-Agent: boss\r\nX-Forwarded-User: operator\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        )
        status, answer = await _raw(besieged, request.encode() + payload)
        answers[name] = (status, answer.get("error", {}).get("key"))
    assert answers == {name: (status, key) for name, _, _, _, status, key in TRIALS}


async def test_no_target_leads_anywhere_but_to_the_own_routes(besieged: RunningHive) -> None:
    answers = {}
    for target in TARGETS:
        request = f"GET {target} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n"
        status, answer = await _raw(besieged, request.encode())
        answers[target] = (status, answer["error"]["key"])
    assert {target: answer for target, answer in answers.items() if answer not in (BAD, MISSING)} == {}


async def test_a_path_that_wanders_back_is_still_the_own_route(besieged: RunningHive) -> None:
    """The parser resolves dots before routing, so at most the caller's own routes are found."""
    request = b"GET /v1/messages/../me HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n"
    status, answer = await _raw(besieged, request)
    assert (status, answer.get("name", "mallory")) in {(200, "mallory"), (404, "mallory")}


async def test_others_turns_and_questions_are_out_of_reach(besieged: RunningHive) -> None:
    mallory = besieged.agents["mallory"]
    for path in ("/v1/inbox/ack", "/v1/inbox/requeue"):
        assert await call(mallory, "POST", path, {"turn": "bobs-turn"}) == (200, {"ids": []})
    seen = {"turn": "bobs-turn", "ids": [1, 2**63 - 1]}
    assert await call(mallory, "POST", "/v1/inbox/ack", seen) == (200, {"ids": []})
    assert await call(mallory, "POST", "/v1/inbox/lease", {"turn": "bobs-turn"}) == (
        200,
        {"messages": [], "pending": 0},
    )
    assert await call(mallory, "GET", "/v1/questions") == (200, {"questions": []})


async def test_a_link_cannot_hold_or_put_back_others_turns(besieged: RunningHive) -> None:
    async with besieged.agents["mallory"].ws_connect("/v1/link") as link:
        await link.send_json({"type": "hello", "version": "1", "turns": ["bobs-turn"]})
        assert (await link.receive_json(timeout=30))["type"] == "welcome"
        await link.send_json({"type": "hold", "turns": ["bobs-turn"]})
    async with besieged.agents["mallory"].ws_connect("/v1/link") as link:
        await link.send_json({"type": "hello", "version": "1", "turns": []})
        assert (await link.receive_json(timeout=30))["type"] == "welcome"


async def test_what_is_no_proper_http_is_refused_in_the_one_shape_and_not_logged(
    besieged: RunningHive, caplog: pytest.LogCaptureFixture
) -> None:
    answers = {}
    for request in IMPROPER:
        status, answer = await _raw(besieged, request)
        answers[request] = (status, set(answer["error"]))
    assert answers == {request: (status, {"key", "message"}) for request, status in IMPROPER.items()}
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_a_compressed_body_is_not_unpacked(besieged: RunningHive) -> None:
    packed = gzip.compress(json.dumps({"to": "bob", "body": "x" * 100}).encode())
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    )
    status, answer = await _raw(besieged, head.encode() + packed)
    assert (status, answer["error"]["key"]) == (400, "invalid_request")


async def test_a_client_that_drops_in_the_middle_leaves_no_traceback(
    besieged: RunningHive, caplog: pytest.LogCaptureFixture
) -> None:
    lease = b'{"turn": "t", "wait_seconds": 60.0}'
    upgrade = b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    for request in (
        b"GET /v1/me HT",
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST /v1/inbox/lease HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(lease), lease),
        b"GET /v1/link HTTP/1.1\r\nHost: x\r\n%bSec-WebSocket-Key: %b==\r\n\r\n" % (upgrade, b"A" * 22),
    ):
        _, writer = await asyncio.open_unix_connection(besieged.socket("mallory"))
        writer.write(request)
        await writer.drain()
        writer.transport.abort()
    # Connections are taken in order, so an answer says that all of these were seen.
    assert (await call(besieged.agents["mallory"], "GET", "/v1/me"))[0] == 200
    await besieged.broker.stop()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_the_pipeline_of_one_connection_does_not_starve_another_agent(besieged: RunningHive) -> None:
    _, writer = await asyncio.open_unix_connection(besieged.socket("mallory"))
    writer.write(b"GET /v1/me HTTP/1.1\r\nHost: x\r\n\r\n" * 5000)
    async with asyncio.timeout(2):
        assert (await call(besieged.agents["alice"], "GET", "/v1/me"))[0] == 200
    writer.transport.abort()


async def test_a_hundred_idle_connections_keep_nobody_else_out(besieged: RunningHive) -> None:
    writers = []
    for _ in range(100):
        _, writer = await asyncio.open_unix_connection(besieged.socket("mallory"))
        writers.append(writer)
    async with asyncio.timeout(2):
        assert (await call(besieged.agents["alice"], "GET", "/v1/me"))[0] == 200
    for writer in writers:
        writer.transport.abort()
