"""Terminals from the harness's side: it serves what the operator asked it for, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import WSCloseCode

from hyperhive.protocol.terminal import CLOSE_ENDED, CLOSE_REPLACED, FRAME_BYTES, OUTPUT_HEADER
from tests.api.conftest import RunningHive, refusal
from tests.api.terminals import PATH, SIZE, PlayedHarness
from tests.terminal_window import Window


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def harness(hive: RunningHive, stack: AsyncExitStack) -> PlayedHarness:
    played = PlayedHarness(hive, stack)
    await played.connect()
    return played


async def refused(harness: PlayedHarness, terminal: str, agent: str = "alice") -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await harness.dial(terminal, agent)
    return caught.value.status


async def test_a_harness_dials_only_what_its_own_agent_was_asked_for(
    hive: RunningHive, harness: PlayedHarness
) -> None:
    terminal, shell = await harness.open()
    assert await refused(harness, "0" * 32) == 404
    assert await refused(harness, "x") == 404
    assert await refused(harness, "%C3%A4%FF" + terminal[:30]) == 404
    assert await refused(harness, terminal, agent="bob") == 404
    assert await refusal(hive.agents["alice"], "GET", f"/v1/terminals/{terminal}") == (400, "invalid_request")
    await shell.say(type="ended", exit_code=0, signal=None, reason="")
    assert await shell.closed() == CLOSE_ENDED
    assert await refused(harness, terminal) == 404


async def test_a_terminal_of_an_earlier_broker_is_known_by_its_id(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal, _ = await harness.open()
    # As after a restart: nothing is known of it.
    hive.broker.services.terminals._terminals.clear()
    shell = await harness.dial(terminal)
    assert (await shell.told("attach"))["have"] is None
    await shell.say(type="opened", offset=1000, since=5.0, **SIZE)
    shell.end = 1000
    await shell.write(b"hello")
    window = await Window.open(hive.browser, f"{PATH}/{terminal}", stack, have=1002)
    await window.until("llo")
    assert window.output == b"llo"
    assert await refused(harness, terminal[:-1] + ("1" if terminal[-1] == "0" else "0")) == 404


async def test_the_newest_connection_serves_a_terminal(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal, first = await harness.open()
    await first.write(b"one")
    window = await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    await window.until("one")
    second = await harness.dial(terminal)
    assert await first.closed() == CLOSE_REPLACED
    assert (await second.told("attach"))["have"] == 3
    await second.say(type="opened", offset=3, since=1.0, **SIZE)
    second.end = 3
    await second.write(b"two")
    await window.until("onetwo")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"x" * (FRAME_BYTES + 1), WSCloseCode.MESSAGE_TOO_BIG),
        (OUTPUT_HEADER.pack(0), WSCloseCode.POLICY_VIOLATION),
        (OUTPUT_HEADER.pack(2**63) + b"x", WSCloseCode.POLICY_VIOLATION),
        (b"short", WSCloseCode.POLICY_VIOLATION),
        ('{"type": "attach"}', WSCloseCode.POLICY_VIOLATION),
        (
            '{"type": "opened", "offset": 0, "cols": 0, "rows": 1, "since": 1}',
            WSCloseCode.POLICY_VIOLATION,
        ),
        (
            '{"type": "ended", "exit_code": "0", "signal": null, "reason": ""}',
            WSCloseCode.POLICY_VIOLATION,
        ),
        (
            '{"type": "ended", "exit_code": 256, "signal": null, "reason": ""}',
            WSCloseCode.POLICY_VIOLATION,
        ),
        ('{"type": "dropped", "count": 9007199254740992}', WSCloseCode.POLICY_VIOLATION),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_wrong_or_too_large_frame_closes_the_connection(
    harness: PlayedHarness, frame: str | bytes, code: WSCloseCode
) -> None:
    _, shell = await harness.open()
    if isinstance(frame, bytes):
        await shell.socket.send_bytes(frame)
    else:
        await shell.socket.send_str(frame)
    assert await shell.closed() == code
