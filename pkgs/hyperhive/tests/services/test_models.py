import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import InvalidRequestError, NotFoundError
from hyperhive.protocol.agents import ModelChoice
from hyperhive.protocol.events import AgentFrame
from hyperhive.protocol.link import UseModel
from hyperhive.protocol.messages import MessageKind
from tests.services.conftest import Core, PushedTo, StartCore, taken

HiveConfig = Callable[..., BrokerConfig]
SONNET_AND_OPUS = {"model": "sonnet", "models": ["sonnet", "opus"]}


def config(hive_config: HiveConfig, **alice: Any) -> BrokerConfig:
    return hive_config(agents={"alice": {**SONNET_AND_OPUS, **alice}, "bob": SONNET_AND_OPUS})


async def notes(core: Core, name: str) -> list[str]:
    page = await core.events.page(name)
    return [event.data.text for event in reversed(page.events)]


async def test_a_choice_is_shown_told_and_logged_and_default_takes_it_back(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(config(hive_config))
    models, link = core.models, PushedTo()
    core.links.join("alice", link)
    async with core.hive.watch() as frames:
        view = await models.choose("alice", "opus")
        [frame] = [one for one in await taken(frames) if isinstance(one, AgentFrame)]
    assert view.model == frame.data.model == ModelChoice(configured="sonnet", chosen="opus")
    assert core.agents.next_model("alice") == "opus"
    assert core.agents.view("bob").model.chosen is None
    assert (await models.choose("alice", "opus")) == view
    assert (await models.choose("alice", "default")).model.chosen is None
    assert link.frames == [UseModel(model="opus"), UseModel(model="sonnet")]
    assert await notes(core, "alice") == [
        "the operator chose the model: opus from the next turn on",
        "the operator went back to the configured model: sonnet from the next turn on",
    ]


async def test_an_unknown_model_or_agent_changes_nothing(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(config(hive_config))
    models, link = core.models, PushedTo()
    core.links.join("alice", link)
    with pytest.raises(InvalidRequestError, match="only sonnet, opus"):
        await models.choose("alice", "haiku")
    with pytest.raises(NotFoundError):
        await models.choose("ghost", "opus")
    assert (link.frames, await notes(core, "alice"), core.agents.next_model("alice")) == ([], [], "sonnet")


async def test_a_choice_survives_a_restart_also_when_the_configured_model_changes(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(config(hive_config))
    await core.models.choose("alice", "opus")
    again = await start_core(config(hive_config, model="haiku", models=["haiku", "opus"]))
    assert again.agents.view("alice").model == ModelChoice(configured="haiku", chosen="opus")
    assert (await again.messages.inbox()).messages == []


async def test_a_choice_that_is_not_listed_any_more_is_dropped_and_the_operator_reads_so_once(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(config(hive_config))
    await core.models.choose("alice", "opus")
    await core.models.choose("bob", "opus")
    for _ in range(2):
        core = await start_core(config(hive_config, models=["sonnet", "haiku"]))
        [notice] = (await core.messages.inbox()).messages
        assert (notice.sender, notice.kind, notice.body) == (
            "system",
            MessageKind.NOTICE,
            "alice uses sonnet again: you had chosen opus, which its configuration does not list any more.",
        )
        assert core.agents.next_model("alice") == "sonnet"
        assert core.agents.next_model("bob") == "opus"
    # A choice of an agent that is not in the hive for a while waits for it.
    await start_core(hive_config(agents={"alice": SONNET_AND_OPUS}))
    core = await start_core(config(hive_config))
    assert [core.agents.next_model(name) for name in ("alice", "bob")] == ["sonnet", "opus"]


async def test_a_choice_that_an_agent_does_not_list_when_it_comes_back_is_dropped(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(config(hive_config))
    await core.models.choose("alice", "opus")
    alice = core.agents.config("alice")
    await core.remove_agent("alice")
    plain = alice.model_copy(update={"models": ["sonnet"]})
    full = "CREATE TRIGGER full BEFORE DELETE ON agents BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    await core.db.commit(lambda tx: tx.connection.execute(full))
    with pytest.raises(sqlite3.Error, match="disk full"):
        await core.add_agent(plain)
    assert core.agents.names() == ["bob"]
    await core.db.commit(lambda tx: tx.connection.execute("DROP TRIGGER full"))
    await core.add_agent(plain)
    assert core.agents.view("alice").model.chosen is None
    await core.remove_agent("alice")
    await core.add_agent(alice)
    assert core.agents.view("alice").model.chosen is None
    assert [message.kind for message in (await core.messages.inbox()).messages] == [MessageKind.NOTICE]
