"""The client of an ntfy server, over a real server on loopback."""

import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hyperhive.errors import ConfigError
from hyperhive.protocol.notifications import Push
from hyperhive.system.ntfy import Answer, Ntfy, Reception
from tests.ntfy_server import NtfyServer, Scripted, ntfy_server

PUSH = Push(
    title="alice asks", message="Which?", priority=4, tags=["question"], click="https://hive/#/question/1"
)
NASTY = "x\r\nX-Actions: http\r\n\r\nsecond ä \U0001f41d \x00\u202e"


@pytest.fixture
async def server() -> AsyncIterator[NtfyServer]:
    async with ntfy_server() as running:
        yield running


async def test_a_push_arrives_as_the_json_that_ntfy_documents(server: NtfyServer) -> None:
    answer = await Ntfy(server.url, None).publish(PUSH)
    assert answer == Answer(Reception.TAKEN, "200 OK")
    assert server.taken == [
        {
            "topic": "hive",
            "title": "alice asks",
            "message": "Which?",
            "priority": 4,
            "tags": ["question"],
            "click": "https://hive/#/question/1",
        }
    ]


async def test_no_text_of_a_push_becomes_a_header_or_a_field(server: NtfyServer) -> None:
    push = PUSH.model_copy(update={"title": NASTY, "message": NASTY, "click": None})
    assert (await Ntfy(server.url, None).publish(push)).reception is Reception.TAKEN
    assert server.taken == [
        {"topic": "hive", "title": NASTY, "message": NASTY, "priority": 4, "tags": ["question"]}
    ]


async def test_a_token_opens_a_closed_topic_and_a_refusal_says_why(server: NtfyServer) -> None:
    server.token = "tk_right"
    assert await Ntfy(server.url, "tk_right").publish(PUSH) == Answer(Reception.TAKEN, "200 OK")
    for wrong in (None, "tk_wrong"):
        assert await Ntfy(server.url, wrong).publish(PUSH) == Answer(Reception.REFUSED, "403 forbidden")


@pytest.mark.parametrize("token", ["two words", "line\r\nbreak", "späť", "\x7f"])
def test_a_token_that_no_header_takes_is_refused_at_start_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Ntfy("https://ntfy.example.org/hive", token)
    assert token not in caught.value.message
    assert "notifications.ntfy.token_credential" in caught.value.message


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Scripted(500, text="oops"), Answer(Reception.LATER, "500 Internal Server Error")),
        (Scripted(503, {"Retry-After": "7"}), Answer(Reception.LATER, "503 Service Unavailable", 7.0)),
        (
            Scripted(
                429, {"Retry-After": "999999"}, '{"code": 42901, "http": 429, "error": "limit reached"}'
            ),
            Answer(Reception.LATER, "429 limit reached", 3600.0),
        ),
        (
            Scripted(
                429,
                {
                    "Date": "Tue, 03 Nov 2026 12:00:00 GMT",
                    "Retry-After": "Tue, 03 Nov 2026 12:00:30 GMT",
                },
            ),
            Answer(Reception.LATER, "429 Too Many Requests", 30.0),
        ),
        (Scripted(429, {"Retry-After": "soon"}), Answer(Reception.LATER, "429 Too Many Requests")),
        (Scripted(404, text="[]"), Answer(Reception.REFUSED, "404 Not Found")),
        (Scripted(400, text='{"error": {"a": 1}}'), Answer(Reception.REFUSED, "400 Bad Request")),
        (
            Scripted(400, text='{"error": "a\\u202e\\n b"}'),
            Answer(Reception.REFUSED, "400 a b"),
        ),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Scripted) else None,
)
async def test_every_answer_is_taken_tried_again_or_refused(
    server: NtfyServer, answer: Scripted, expected: Answer
) -> None:
    server.script = [answer]
    assert await Ntfy(server.url, None).publish(PUSH) == expected


async def test_an_answer_of_any_length_is_cut(server: NtfyServer) -> None:
    server.script = [
        Scripted(400, text='{"error": "' + "x" * 2000 + '"}'),
        Scripted(400, text="y" * 10_000_000),
    ]
    for _ in range(2):
        answer = await Ntfy(server.url, None).publish(PUSH)
        assert answer.reception is Reception.REFUSED
        assert len(answer.said) <= 201


async def test_a_redirect_is_not_followed_so_that_nobody_else_gets_token_and_text(server: NtfyServer) -> None:
    async with ntfy_server() as other:
        server.script = [Scripted(307, {"Location": other.url})]
        answer = await Ntfy(server.url, "tk_secret").publish(PUSH)
        assert answer == Answer(Reception.REFUSED, f"307: redirects are not followed (to {other.url})")
        assert other.asked == 0


async def test_a_server_that_is_away_is_tried_again() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        answer = await Ntfy(f"http://127.0.0.1:{closed.getsockname()[1]}/hive", None).publish(PUSH)
    assert (answer.reception, answer.pause) == (Reception.LATER, None)
    assert "Cannot connect" in answer.said


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    # The kernel takes the connection, nobody ever reads from it.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/hive"
        answer = await Ntfy(url, None, seconds=0.2).publish(PUSH)
    assert answer == Answer(Reception.LATER, "no answer within 0.2 seconds")


def self_signed(directory: Path) -> ssl.SSLContext:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", directory / "key.pem", "-out", directory / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    return context


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    async with ntfy_server(self_signed(tmp_path)) as server:
        answer = await Ntfy(server.url, "tk_secret").publish(PUSH)
        assert answer.reception is Reception.LATER
        assert "certificate" in answer.said.lower()
        assert server.asked == 0
