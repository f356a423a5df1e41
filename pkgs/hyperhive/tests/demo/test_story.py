"""The story's telling and counting, against a real broker."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hyperhive.broker import Broker
from hyperhive.config import BrokerConfig
from hyperhive.demo.story import OPENING, Story, Summary
from hyperhive.errors import RecipientDeniedError
from hyperhive.protocol.events import NewEvent, ToolRefusal, ToolUse
from hyperhive.protocol.messages import SendRequest
from hyperhive.protocol.questions import AskRequest
from hyperhive.system.admin import AdminClient


@pytest.fixture
async def broker(hive_config: Callable[..., BrokerConfig]) -> AsyncIterator[Broker]:
    agents = {"manager": {"role": "manager"}, "atlas": {"allowed_recipients": ["manager"]}, "wren": {}}
    broker = Broker(hive_config(agents=agents))
    await broker.start()
    yield broker
    await broker.stop()


def admin(hive_config: Callable[..., BrokerConfig]) -> AdminClient:
    return AdminClient(Path(hive_config().runtime_dir) / "admin.sock")


async def test_everything_said_is_told_once_and_counted(
    broker: Broker, hive_config: Callable[..., BrokerConfig]
) -> None:
    told: list[str] = []
    story = Story(admin(hive_config), told.append)
    await story.open()
    messages, questions = broker.services.messages, broker.services.questions
    with pytest.raises(RecipientDeniedError):
        await messages.send("atlas", SendRequest(to="wren", body="psst"))
    await questions.ask("wren", AskRequest(question="Raise it?", options=["yes", "no"]))
    await broker.services.events.append(
        "wren",
        [
            NewEvent(ts=1.0, turn="t", data=ToolRefusal(tool="Bash", rule="no_pattern")),
            NewEvent(ts=1.0, turn="t", data=ToolUse(name="mcp__harvest__query")),
            NewEvent(ts=1.0, turn="t", data=ToolUse(name="mcp__hyperhive__send")),
        ],
    )
    assert not await story.follow(answer=True, within_seconds=0.5)
    assert told == [
        f"operator -> manager: {OPENING}",
        "atlas -> wren (refused by policy): psst",
        "wren asks operator: Raise it? [yes / no]",
        "system -> wren: operator answered your question 1.",
    ]
    summary = await story.summary(ok=True)
    assert summary == Summary(
        ok=False,
        messages=2,
        turns=0,
        recipient_denied=1,
        bash_denied=1,
        extra_mcp_calls=1,
        questions_answered=1,
        seconds=summary.seconds,
    )
