"""Frames that no WebSocket's client may send, as bytes on every socket that takes frames."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hyperhive.api.agent.link import _FRAME_BYTES
from tests.api.conftest import RunningHive, call
from tests.api.terminals import PATH, PlayedHarness

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HELLO = b'{"type": "hello", "version": "1", "turns": []}'
PROTOCOL_ERROR = 1002


def frame(opcode: int, payload: bytes = b"", *, mask: bytes | None = b"\1\2\3\4", first: int = 0x80) -> bytes:
    """One frame as a client sends it; `first` holds the bits beside the opcode: `fin` alone."""
    size = len(payload)
    length = (
        bytes([size])
        if size < 126
        else b"\x7e" + size.to_bytes(2, "big")
        if size < 2**16
        else b"\x7f" + size.to_bytes(8, "big")
    )
    head = bytes([first | opcode, length[0] | (0x80 if mask else 0)]) + length[1:]
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


#: What is sent, and the code that the socket is closed with.
WRONG = {
    "no mask": frame(TEXT, b"{}", mask=None),
    "no mask, empty": frame(BINARY, mask=None),
    "no mask, a medium length": frame(TEXT, b"x" * 200, mask=None),
    "no mask, a large length": frame(TEXT, b"x" * 70_000, mask=None),
    "a ping without a mask": frame(PING, mask=None),
    "a close without a mask": frame(CLOSE, b"\x03\xe8", mask=None),
    "a piece without a mask": frame(TEXT, b"{", first=0) + frame(0, b"}", mask=None),
    "a masked one, then one without": frame(PONG, b"x" * 125) + frame(PONG, mask=None),
    "reserved bit 1": frame(TEXT, b"{}", first=0xC0),
    "reserved bit 2": frame(TEXT, b"{}", first=0xA0),
    "reserved bit 3": frame(TEXT, b"{}", first=0x90),
    "reserved opcode 3": frame(3),
    "reserved opcode 7": frame(7),
    "reserved opcode 11": frame(11),
    "reserved opcode 15": frame(15),
    "a large ping": frame(PING, b"x" * 126),
    "a ping in pieces": frame(PING, first=0),
    "a piece of nothing": frame(0, b"x"),
    "a message in a message": frame(TEXT, b"{", first=0) + frame(TEXT, b"}"),
    "a close of one byte": frame(CLOSE, b"x"),
    "a close of no code": frame(CLOSE, b"\x00\x01"),
    "too many pings": frame(PING) * 301,
    "too many pongs": frame(PONG, b"x") * 301,
    "too many empty pieces": frame(TEXT, b"", first=0) + frame(0, b"", first=0) * 301,
    "too many small pieces": frame(TEXT, b"{", first=0) + frame(0, b" ", first=0) * 301,
}


class RawSocket:
    """A WebSocket's client that sends what a test gives it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, socket: Path, path: str, stack: AsyncExitStack) -> "RawSocket":
        reader, writer = await asyncio.open_unix_connection(socket)
        stack.callback(writer.close)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 101 "), head
        return cls(reader, writer)

    async def receive(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame from the broker."""
        async with asyncio.timeout(10):
            first, size = await self._reader.readexactly(2)
            if size >= 126:
                size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
            return first & 0x0F, await self._reader.readexactly(size)

    async def close_code(self) -> int:
        """Of the next close; what comes before it is dropped."""
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def _link(hive: RunningHive, stack: AsyncExitStack) -> RawSocket:
    """A link of `bob` that is welcomed."""
    link = await RawSocket.open(hive.socket("bob"), "/v1/link", stack)
    link.writer.write(frame(TEXT, HELLO))
    assert json.loads((await link.receive())[1])["type"] == "welcome"
    return link


async def test_a_frame_that_no_client_may_send_ends_a_link(hive: RunningHive, stack: AsyncExitStack) -> None:
    codes = {}
    for name, sent in WRONG.items():
        link = await _link(hive, stack)
        link.writer.write(sent)
        codes[name] = await link.close_code()
    assert codes == dict.fromkeys(WRONG, PROTOCOL_ERROR)
    assert (await call(hive.agents["bob"], "GET", "/v1/me"))[0] == 200


async def test_the_same_frames_end_a_pages_streams(hive: RunningHive, stack: AsyncExitStack) -> None:
    admin = Path(hive.config.runtime_dir) / "admin.sock"
    codes = {}
    for name in ("no mask", "reserved bit 2", "too many pings", "too many empty pieces"):
        streams = await RawSocket.open(admin, "/api/streams", stack)
        streams.writer.write(WRONG[name])
        codes[name] = await streams.close_code()
    assert set(codes.values()) == {PROTOCOL_ERROR}, codes


async def test_the_same_frames_end_both_ends_of_a_terminal(hive: RunningHive, stack: AsyncExitStack) -> None:
    admin = Path(hive.config.runtime_dir) / "admin.sock"
    harness = PlayedHarness(hive, stack)
    await harness.connect()
    terminal = await harness.open()
    for name in ("no mask", "too many pongs"):
        opening = asyncio.ensure_future(RawSocket.open(admin, f"{PATH}/{terminal}", stack))
        asked = await harness.asked("attach_viewer")
        viewer = await RawSocket.open(hive.socket("alice"), f"/v1/terminals/{asked['viewer']}", stack)
        window = await opening
        window.writer.write(WRONG[name])
        assert await window.close_code() == PROTOCOL_ERROR
        await viewer.close_code()
        opening = asyncio.ensure_future(RawSocket.open(admin, f"{PATH}/{terminal}", stack))
        asked = await harness.asked("attach_viewer")
        viewer = await RawSocket.open(hive.socket("alice"), f"/v1/terminals/{asked['viewer']}", stack)
        window = await opening
        viewer.writer.write(WRONG[name])
        assert await viewer.close_code() == PROTOCOL_ERROR
        await window.close_code()


async def test_frames_are_understood_wherever_their_bytes_are_cut(
    hive: RunningHive, stack: AsyncExitStack
) -> None:
    said = json.dumps({"type": "report", "status": None, "events": [], "terminals": []}).encode()
    sent = (
        frame(TEXT, HELLO)
        + frame(PING, b"one")
        + frame(TEXT, said + b" " * 300)
        + frame(TEXT, said[:9], first=0)
        + frame(PING, b"two")
        + frame(0, said[9:])
        + frame(TEXT, said + b" " * 70_000)
        + frame(PING, b"three")
    )
    for size in (1, 2, 3, 5, 7, 11, 13, 4096, len(sent)):
        link = await RawSocket.open(hive.socket("bob"), "/v1/link", stack)
        cuts = range(0, len(sent), size) if size > 5 else [*range(0, 900, size)]
        for start in cuts:
            link.writer.write(sent[start : start + size] if start != cuts[-1] else sent[start:])
            await link.writer.drain()
            await asyncio.sleep(0)
        heard = [await link.receive() for _ in range(4)]
        assert json.loads(heard[0][1])["type"] == "welcome"
        assert heard[1:] == [(PONG, b"one"), (PONG, b"two"), (PONG, b"three")]
        link.writer.write(frame(TEXT, b"{}", mask=None)[:1])
        await link.writer.drain()
        link.writer.write(frame(TEXT, b"{}", mask=None)[1:])
        assert await link.close_code() == PROTOCOL_ERROR


async def test_a_client_with_a_heartbeat_is_heard_for_ever(
    hive: RunningHive, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.system.listeners._SPARE_SECONDS", -1.0)
    link = await _link(hive, stack)
    for _ in range(3):
        link.writer.write(frame(PING) * 200)
        for _ in range(200):
            assert (await link.receive())[0] == PONG


async def test_a_frame_of_too_many_values_ends_the_link(hive: RunningHive, stack: AsyncExitStack) -> None:
    event = b'{"ts": 1, "kind": "tool_use", "turn": "t", "data": {"input": {"a": [%b]}}}'
    report = b'{"type": "report", "status": null, "events": [%b]}'
    for filling in (b"[]," * 100_000 + b"[]", b"0," * 150_000 + b"0", b'"",' * 100_000 + b'""'):
        link = await _link(hive, stack)
        sent = report % (event % filling)
        assert len(sent) < _FRAME_BYTES
        link.writer.write(frame(TEXT, sent, mask=b"\0\0\0\0"))
        opcode, payload = await link.receive()
        assert (opcode, payload) == (CLOSE, b"\x03\xf0invalid frame: it has more than 8192 values")
