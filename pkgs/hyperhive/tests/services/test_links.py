"""The current link of every agent, and the order in which it says things."""

import asyncio
import json
from typing import Any

from hyperhive.protocol.link import Cancel, Compact, NewSession, OpenTerminal, RunSelfTest, Wake
from hyperhive.services.bus import Bus
from hyperhive.services.links import Link, Links


class Recorder:
    """A WebSocket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send_str(self, data: str) -> None:
        self.sent.append(json.loads(data))

    async def close(self, *, code: int, message: bytes) -> None:
        self.sent.append({"type": f"close {code} {message.decode()}"})


def test_a_newer_link_replaces_the_older_one_whose_end_then_changes_nothing() -> None:
    links, first, second = Links(Bus()), Link(Recorder()), Link(Recorder())
    assert links.join("bob", first) is None
    assert links.join("bob", second) is first
    assert (links.leave("bob", first), links.connected("bob")) == (False, True)
    assert (links.leave("bob", second), links.connected("bob")) == (True, False)


def test_pushing_to_an_agent_without_a_link_is_no_failure() -> None:
    links = Links(Bus())
    assert not links.push("bob", Wake(pending=1))
    assert links.peer("bob") is None


async def test_what_waits_goes_in_the_order_of_its_weight_and_once_of_each_kind_but_terminals() -> None:
    links, socket = Links(Bus()), Recorder()
    link = Link(socket)
    links.join("bob", link)
    for frame in (
        Wake(pending=1),
        OpenTerminal(id="a" * 32, cols=80, rows=24, who="me"),
        RunSelfTest(id="old", port=1, hidden=[]),
        Compact(),
        NewSession(),
        Wake(pending=2),
        OpenTerminal(id="b" * 32, cols=80, rows=24, who="me"),
        RunSelfTest(id="new", port=1, hidden=[]),
        Compact(),
        Cancel(pending=0),
    ):
        assert links.push("bob", frame)
    writing = asyncio.ensure_future(link.write())
    await asyncio.sleep(0)
    writing.cancel()
    assert [(one["type"], one.get("id", one.get("pending"))) for one in socket.sent] == [
        ("cancel", 0),
        ("new_session", None),
        ("compact", None),
        ("run_self_test", "new"),
        ("open_terminal", "a" * 32),
        ("open_terminal", "b" * 32),
        ("wake", 2),
    ]
