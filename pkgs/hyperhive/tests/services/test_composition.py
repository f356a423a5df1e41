import asyncio
from collections.abc import Callable

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import (
    NotFoundError,
    UnknownRecipientError,
)
from hyperhive.protocol.events import NoticeFrame
from hyperhive.protocol.messages import (
    LeaseRequest,
    MessageKind,
    MessageState,
)
from tests.services.conftest import Core, StartCore, taken

HiveConfig = Callable[..., BrokerConfig]


async def test_removing_an_agent_returns_its_mail_to_senders_and_operator(core: Core) -> None:
    first, second = await core.say("alice", "bob", "1"), await core.say("alice", "bob", "2")
    third = await core.say("operator", "bob", "3")
    await core.take("bob", "t1")
    async with core.hive.watch() as frames:
        await core.remove_agent("bob")
        told = await taken(frames)

    states = [(await core.messages.get(one.id)).state for one in (first, second, third)]
    [returned] = await core.take("alice", "t2", 5)
    assert states == [MessageState.UNDELIVERABLE] * 3
    assert (returned.sender, returned.kind) == ("system", MessageKind.UNDELIVERABLE)
    assert returned.body == "Messages 1, 2 to bob could not be delivered: bob left the hive."
    assert [(message.kind, message.in_reply_to) for message in (await core.messages.inbox()).messages] == [
        (MessageKind.UNDELIVERABLE, third.id),
        (MessageKind.NOTICE, None),
    ]
    assert [frame.text for frame in told if isinstance(frame, NoticeFrame)] == [
        "bob left the hive: 3 messages were not delivered."
    ]
    with pytest.raises(UnknownRecipientError):
        await core.say("alice", "bob")
    with pytest.raises(NotFoundError):
        core.agents.view("bob")


async def test_a_lease_that_waits_ends_when_its_agent_is_removed(core: Core) -> None:
    waiting = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=10)))
    await asyncio.sleep(0)

    await core.remove_agent("bob")

    with pytest.raises(NotFoundError):
        await asyncio.wait_for(waiting, 5)


async def test_an_agent_that_is_gone_at_start_has_its_mail_returned(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(hive_config())
    sent = await core.say("alice", "bob")

    again = await start_core(hive_config(agents={"alice": {}}))

    assert (await again.messages.get(sent.id)).state is MessageState.UNDELIVERABLE
    assert [message.kind for message in await again.take("alice")] == [MessageKind.UNDELIVERABLE]
    assert [message.kind for message in (await again.messages.inbox()).messages] == [MessageKind.NOTICE]
