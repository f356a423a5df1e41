import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hyperhive.errors import RemoteError
from hyperhive.system.admin import AdminClient, BrokerUnreachableError

Answer = Callable[[bytes], Path]


def whole_request(connection: socket.socket) -> bytes:
    received = b""
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and (length is None or len(body) >= int(length[1])):
            return received
        received += connection.recv(65536)


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answer]:
    """A socket that gives every connection the same bytes; what it was sent lands in the file `request`."""
    path = tmp_path / "admin.sock"
    threads: list[threading.Thread] = []

    def serve(listener: socket.socket, response: bytes) -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                (tmp_path / "request").write_bytes(whole_request(connection))
                connection.sendall(response)

    def start(response: bytes) -> Path:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(10)
        threads.append(threading.Thread(target=serve, args=(listener, response)))
        threads[-1].start()
        return path

    yield start
    for thread in threads:
        thread.join(timeout=30)


def response(status: int, body: object) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(data), data)


def test_a_post_carries_its_body_and_returns_the_answer(answering: Answer, tmp_path: Path) -> None:
    client = AdminClient(answering(response(200, {"ids": [1]})))
    assert client.post("/api/inbox/ack", {"ids": [1]}) == {"ids": [1]}
    head, _, body = (tmp_path / "request").read_bytes().partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/inbox/ack HTTP/1.1\r\nHost: localhost\r\n")
    assert (b"Content-Type: application/json" in head, body) == (True, b'{"ids": [1]}')


def test_a_refusal_carries_the_brokers_key_and_sentence(answering: Answer) -> None:
    client = AdminClient(
        answering(response(404, {"error": {"key": "not_found", "message": "no such agent"}}))
    )
    with pytest.raises(RemoteError, match="no such agent") as caught:
        client.get("/api/agents/x")
    assert caught.value.key == "not_found"


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (500, []), (500, b""), (500, {"error": 1})])
def test_an_answer_that_is_none_of_ours_is_an_internal_error(
    answering: Answer, status: int, body: object
) -> None:
    client = AdminClient(answering(response(status, body)))
    with pytest.raises(RemoteError, match=f"the broker answered {status}") as caught:
        client.get("/")
    assert caught.value.key == "internal_error"


def test_no_broker_is_said_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachableError, match=r"no broker answers on .*none\.sock: No such file"):
        AdminClient(tmp_path / "none.sock").get("/")


def test_a_broker_that_hangs_up_or_hangs_is_unreachable(answering: Answer) -> None:
    path = answering(b"")
    with pytest.raises(BrokerUnreachableError, match="no broker answers"):
        AdminClient(path).get("/")


def test_a_path_that_is_too_long_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachableError, match="too long"):
        AdminClient(tmp_path / ("x" * 200)).get("/")
