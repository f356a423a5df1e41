"""Turns from mail to ack, with the real broker, the real CLI and a scripted model."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hyperhive.demo.claude_env import SCRIPTED_API_KEY
from hyperhive.demo.model_request import RequestKind
from hyperhive.harness.main import Harness
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import Message, MessageState
from tests.harness.conftest import MakeHive, SmallHive


async def test_mail_wakes_an_idle_agent_and_is_acked_when_the_turn_ended_well(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        when = 'from operator .*\\n\\| How are you'
        [[turn.step]]
        tool = "mcp__hyperhive__send"
        input = { to = "operator", body = "Fine." }
        """,
        alice={},
    )
    await hive.wake("alice")
    sent = await hive.say("alice", "How are you?")
    (answer,) = await hive.inbox(1)
    settled = await hive.settled(sent)
    assert (answer.sender, answer.body) == ("alice", "Fine.")
    assert (settled.deliveries, settled.redelivered) == (1, False)

    async def told() -> bool:
        return len(await hive.events("alice", "turn_end")) == 1

    await hive.until(told, "the turn's end is told")
    (end,) = await hive.events("alice", "turn_end")
    assert (end["result"], end["tools"]) == ("ok", {"mcp__hyperhive__send": 1})
    assert end["cost_usd"] > 0
    assert 0 < end["context_used"] < end["context_max"]
    assert end["notes_bytes"] is None


@contextlib.asynccontextmanager
async def losing_relay(path: Path, broker: str) -> AsyncIterator[asyncio.Event]:
    """A way to the broker on which the first answer with mail is lost; the event says that it was."""
    lost = asyncio.Event()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                if b'"messages":[{' in data and not lost.is_set():
                    lost.set()
                    break
                sink.write(data)
                await sink.drain()
        sink.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_unix_connection(broker)
        await asyncio.gather(pump(reader, requests), pump(answers, writer))

    async with await asyncio.start_unix_server(connect, path):
        yield lost


async def test_mail_whose_lease_is_lost_on_the_way_comes_again(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    path = Path(hive.config.runtime_dir) / "relay.sock"
    config = hive.harness_config("alice").model_copy(update={"socket": str(path)})
    for directory in (config.state_dir, config.claude.home):
        Path(directory).mkdir(parents=True)
    async with losing_relay(path, hive.socket("alice")) as lost:
        harness = hive.tasks.start(Harness(config, {}).serve(), "harness-alice")
        await hive.state("alice", AgentState.IDLE)
        mail = await hive.say("alice", "one")
        settled = await hive.settled(mail)
        assert lost.is_set()
        assert (settled.deliveries, settled.redelivered) == (2, True)
        await hive.end(harness)


async def test_an_idle_hive_makes_no_model_request(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={}, bob={})
    await hive.wake("alice")
    await hive.wake("bob")
    assert hive.model is not None
    assert [request for request in hive.model.requests if request.method == "POST"] == []


async def test_one_turn_carries_what_waited_and_recv_takes_the_rest(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        when = '\\| mail 0\\n'
        [[turn.step]]
        tool = "mcp__hyperhive__recv"
        input = { max = 5 }
        [[turn.step]]
        tool = "mcp__hyperhive__send"
        capture = '\\| (?P<last>mail 9)'
        input = { to = "operator", body = "{last}" }
        """,
        alice={},
    )
    mails = [await hive.say("alice", f"mail {number}") for number in range(10)]
    await hive.wake("alice")
    (answer,) = await hive.inbox(1)
    assert answer.body == "mail 9"
    turns = {(await hive.settled(mail)).turn for mail in mails}
    assert len(turns) == 1
    (start,) = await hive.events("alice", "turn_start")
    assert start["messages"] == [mail.id for mail in mails[:8]]
    assert "2 more messages wait" in start["prompt"]


async def test_a_refused_recipient_reaches_the_model_as_the_tools_error(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        when = 'from operator'
        [[turn.step]]
        tool = "mcp__hyperhive__send"
        input = { to = "bob", body = "psst" }
        [[turn.step]]
        tool = "mcp__hyperhive__send"
        capture = '(?P<error>recipient_denied)'
        input = { to = "operator", body = "{error}" }
        """,
        alice={"allowed_recipients": ["operator"]},
        bob={},
    )
    await hive.wake("alice")
    await hive.say("alice", "talk to bob")
    (answer,) = await hive.inbox(1)
    assert answer.body == "recipient_denied"


@pytest.mark.parametrize("bash", [["git *"], []])
async def test_whoami_is_refused_under_a_list_that_does_not_name_it(
    small_hive: MakeHive, bash: list[str]
) -> None:
    hive = await small_hive(
        """
        [[turn]]
        [[turn.step]]
        tool = "Bash"
        force = true
        input = { command = "whoami" }
        """,
        alice={"bash": bash},
    )
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "who are you?"))

    async def told() -> bool:
        return len(await hive.events("alice", "turn_end")) == 1

    await hive.until(told, "the turn's end is told")
    (result,) = await hive.events("alice", "tool_result")
    assert result["is_error"]
    assert "root" not in result["text"]


async def cancelled(small_hive: MakeHive) -> tuple[SmallHive, Message]:
    """A hive whose alice was just told to end her turn, and the message that began it."""
    hive = await small_hive(
        """
        [[turn]]
        when = '\\| slow'
        times = 1
        [[turn.step]]
        text = "thinking"
        delay_seconds = 30.0
        """,
        alice={},
    )
    await hive.wake("alice")
    slow = await hive.say("alice", "slow")
    await hive.state("alice", AgentState.WORKING)
    await hive.thinking()
    await hive.cancel("alice")
    return hive, slow


async def test_a_cancelled_turn_gives_its_mail_back_and_rests_until_something_new(
    small_hive: MakeHive,
) -> None:
    hive, slow = await cancelled(small_hive)
    back = await hive.settled(slow, MessageState.QUEUED)
    await hive.state("alice", AgentState.IDLE)
    assert (back.deliveries, back.turn) == (1, None)
    again = await hive.say("alice", "go on")
    assert (await hive.settled(slow)).redelivered
    assert not (await hive.settled(again)).redelivered


async def test_what_comes_while_a_cancelled_turn_ends_is_new_to_the_agent(small_hive: MakeHive) -> None:
    hive, slow = await cancelled(small_hive)
    at_once = await hive.say("alice", "at once")
    assert (await hive.settled(slow)).redelivered
    assert not (await hive.settled(at_once)).redelivered


async def test_a_conversation_goes_on_after_the_harness_was_restarted(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    first = await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    session = await hive.session("alice")
    await hive.end(first)
    await hive.state("alice", AgentState.OFFLINE)
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "two"))
    assert await hive.session("alice") == session


async def test_a_harness_that_ends_in_the_middle_of_a_turn_gives_its_mail_back(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        times = 1
        [[turn.step]]
        delay_seconds = 30.0
        text = "late"
        """,
        alice={},
    )
    first = await hive.wake("alice")
    mail = await hive.say("alice", "one")
    await hive.thinking()
    await hive.end(first)
    await hive.settled(mail, MessageState.QUEUED)
    await hive.state("alice", AgentState.OFFLINE)
    await hive.wake("alice")
    assert (await hive.settled(mail)).redelivered


async def test_a_rate_limit_parks_the_agent_and_its_mail_comes_back(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        times = 20
        [[turn.step]]
        error_status = 429
        error_type = "rate_limit_error"
        """,
        alice={},
    )
    await hive.wake("alice", env=hive.quick_failures("alice"))
    mail = await hive.say("alice", "one")
    await hive.state("alice", AgentState.RATE_LIMITED)
    assert (await hive.settled(mail, MessageState.QUEUED)).deliveries == 1
    view = hive.broker.services.agents.view("alice")
    assert view.status.until is not None


async def test_an_agent_rests_until_its_rate_limit_ends_and_then_works_on(small_hive: MakeHive) -> None:
    # Seconds, as the API says them; long before the pause without such a time is over.
    resets_at = int(time.time()) + 4
    hive = await small_hive(
        f"""
        [[turn]]
        times = 1
        [[turn.step]]
        error_status = 429
        error_type = "rate_limit_error"
        [turn.step.headers]
        anthropic-ratelimit-unified-status = "rejected"
        anthropic-ratelimit-unified-reset = "{resets_at}"
        anthropic-ratelimit-unified-representative-claim = "five_hour"
        """,
        alice={},
    )
    # Claude Code tells the end of a limit to subscribers only.
    subscriber = {"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": SCRIPTED_API_KEY}
    await hive.wake("alice", env=hive.quick_failures("alice") | subscriber)
    mail = await hive.say("alice", "one")
    assert (await hive.settled(mail)).deliveries == 2
    assert time.time() >= resets_at


async def test_a_cli_that_cannot_be_started_is_tried_less_and_less_often(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    config = hive.harness_config("alice", cli="/no/such/claude")
    Path(config.state_dir).mkdir(parents=True)
    Path(config.claude.home).mkdir(parents=True)
    hive.tasks.start(Harness(config, {}).serve(), "harness-alice")
    await hive.state("alice", AgentState.FAILED)

    async def rests() -> bool:
        status = hive.broker.services.agents.view("alice").status
        return (status.until or 0) > time.time() + 1

    await hive.until(rests, "it rests longer than at first")
    assert "/no/such/claude" in hive.broker.services.agents.view("alice").status.detail


async def test_a_daily_cap_stops_new_turns_while_mail_keeps_queueing(small_hive: MakeHive) -> None:
    hive = await small_hive(
        'default_text = "ok"', alice={"budget": {"usd_cents_per_day": None, "turns_per_day": 1}}
    )
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    second = await hive.say("alice", "two")
    await hive.state("alice", AgentState.OVER_BUDGET)
    assert (await hive.settled(second, MessageState.QUEUED)).deliveries == 0
    assert hive.model is not None
    assert len([request for request in hive.model.requests if not request.side]) == 1


async def test_a_context_over_its_watermark_is_compacted_after_the_notes_were_saved(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive(
        """
        default_text = "ok"
        [[turn]]
        when = 'from operator'
        times = 1
        [[turn.step]]
        text = "a long day"
        usage = { input_tokens = 150000 }
        """,
        alice={"context": {"compact_above_percent": 50}},
    )
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    assert hive.model is not None
    compaction = await hive.model.wait_for_request(lambda request: request.kind is RequestKind.COMPACT, 15)
    turns = [request for request in hive.model.requests if request.kind is RequestKind.TURN]
    assert "Write what you must not forget into notes.md" in turns[1].prompt
    assert turns[1].at < compaction.at
    await hive.state("alice", AgentState.IDLE)
    assert (await hive.settled(await hive.say("alice", "two"))).deliveries == 1


async def test_refused_credentials_are_tried_once_more_and_then_need_a_login(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        [[turn.step]]
        error_status = 401
        error_type = "authentication_error"
        error_times = 0
        """,
        alice={},
    )
    await hive.wake("alice", env=hive.quick_failures("alice"))
    mail = await hive.say("alice", "one")
    await hive.state("alice", AgentState.NEEDS_LOGIN)
    assert (await hive.settled(mail, MessageState.QUEUED)).deliveries == 2
    ends = await hive.events("alice", "turn_end")
    assert [end["result"] for end in ends] == ["unauthenticated", "unauthenticated"]


async def test_a_failed_turn_is_tried_again_with_a_pause(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        default_text = "ok"
        [[turn]]
        times = 1
        [[turn.step]]
        error_status = 500
        error_type = "api_error"
        """,
        alice={},
    )
    await hive.wake("alice", env=hive.quick_failures("alice"))
    mail = await hive.say("alice", "one")
    await hive.state("alice", AgentState.FAILED)
    settled = await hive.settled(mail)
    assert (settled.deliveries, settled.redelivered) == (2, True)


async def test_a_prompt_that_does_not_fit_is_repeated_after_compacting(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        default_text = "ok"
        [[turn]]
        when = 'from operator [^\\n]*\\n\\| big'
        [[turn.step]]
        error_status = 400
        error_type = "invalid_request_error"
        error_message = "prompt is too long: 250000 tokens > 200000 maximum"
        error_times = 1
        [[turn.step]]
        tool = "mcp__hyperhive__send"
        input = { to = "operator", body = "done" }
        """,
        alice={},
    )
    await hive.wake("alice", env=hive.quick_failures("alice"))
    await hive.settled(await hive.say("alice", "small"))
    mail = await hive.say("alice", "big")
    (answer,) = await hive.inbox(1)
    assert answer.body == "done"
    assert (await hive.settled(mail)).deliveries == 1
    assert hive.model is not None
    assert [request for request in hive.model.requests if request.kind is RequestKind.COMPACT]


async def test_an_api_that_is_asked_again_is_in_the_log_and_the_turn_ends_well(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        [[turn.step]]
        error_status = 529
        error_type = "overloaded_error"
        [[turn.step]]
        text = "at last"
        """,
        alice={},
    )
    await hive.wake("alice")
    assert (await hive.settled(await hive.say("alice", "one"))).deliveries == 1
    [note] = [one for one in await hive.events("alice", "note") if one.get("retry")]
    assert note["text"].startswith("the API answered 529 (")
    assert note["text"].endswith("), it is asked again: try 1 of 10")
