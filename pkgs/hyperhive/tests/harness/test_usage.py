"""What turns cost is told once, whatever becomes of the process that counts it; with the real CLI."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import claude_agent_sdk
import pytest

from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive, SmallHive

#: What one answer of the script costs by the list price of `MODEL`, in USD.
ANSWER = 0.045
USED = "usage = { input_tokens = 10000, output_tokens = 1000 }"
SCRIPT = f"""
[[turn]]
when = 'operator [^\\n]*\\n\\| slow'
times = 1
[[turn.step]]
tool = "Read"
input = {{ file_path = "/etc/hostname" }}
{USED}
[[turn.step]]
text = "late"
delay_seconds = 60.0
{USED}
[[turn]]
when = 'operator [^\\n]*\\n\\| delegate'
[[turn.step]]
tool = "Agent"
input = {{ description = "count", prompt = "child", subagent_type = "general-purpose" }}
{USED}
[[turn.step]]
text = "done"
{USED}
[[turn]]
when = '^child$'
[[turn.step]]
text = "counted"
usage = {{ input_tokens = 50000, output_tokens = 3000 }}
[[turn]]
[[turn.step]]
text = "ok"
{USED}
"""

resumed_totals = pytest.mark.skipif(
    claude_agent_sdk.__version__.startswith("0.1."),
    reason="a process of this release forgets what a turn had used that it did not end",
)


async def turns(hive: SmallHive, *bodies: str) -> list[dict[str, Any]]:
    """Say one after the other; the ends of all turns so far once the last of them is told."""
    for body in bodies:
        ends = len(await hive.events("alice", "turn_end"))
        await hive.settled(await hive.say("alice", body))

        async def told(before: int = ends) -> bool:
            return len(await hive.events("alice", "turn_end")) > before

        await hive.until(told, f"the turn of {body} is told")
    return await hive.events("alice", "turn_end")


def costs(ends: list[dict[str, Any]]) -> list[float]:
    return [round(end["cost_usd"] or 0.0, 6) for end in ends]


def kill_claude() -> None:
    """As the kernel does when memory is short: no chance to write anything down."""
    mine = str(os.getpid())
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().partition(") ")
            if rest.split()[1] == mine and "claude" in name:
                os.kill(int(path.parent.name), signal.SIGKILL)


async def restarted(hive: SmallHive, harness: asyncio.Task[None]) -> asyncio.Task[None]:
    await hive.end(harness)
    await hive.state("alice", AgentState.OFFLINE)
    return await hive.wake("alice")


async def test_a_restart_books_no_turn_twice_and_the_cap_sees_the_right_sum(small_hive: MakeHive) -> None:
    budget = {"usd_cents_per_day": 25, "turns_per_day": None}
    hive = await small_hive(SCRIPT, alice={"budget": budget})
    harness = await hive.wake("alice")
    await turns(hive, "one", "two", "three")
    harness = await restarted(hive, harness)
    assert costs(await turns(hive, "four")) == [ANSWER] * 4
    await restarted(hive, harness)
    assert costs(await turns(hive, "five")) == [ANSWER] * 5
    assert hive.broker.services.agents.view("alice").cost_today_usd == pytest.approx(5 * ANSWER)


async def test_a_killed_process_takes_no_later_turn_out_of_the_account(small_hive: MakeHive) -> None:
    hive = await small_hive(SCRIPT, alice={})
    harness = await hive.wake("alice")
    await turns(hive, "one")
    harness = await restarted(hive, harness)
    await turns(hive, "two", "three")
    kill_claude()
    assert costs([end for end in await turns(hive, "four") if end["result"] == "ok"]) == [ANSWER] * 4
    await restarted(hive, harness)
    assert costs([end for end in await turns(hive, "five") if end["result"] == "ok"]) == [ANSWER] * 5


async def test_a_memory_without_totals_books_only_what_is_new(small_hive: MakeHive) -> None:
    hive = await small_hive(SCRIPT, alice={})
    harness = await hive.wake("alice")
    await turns(hive, "one", "two")
    await hive.end(harness)
    await hive.state("alice", AgentState.OFFLINE)
    memory = Path(hive.harness_config("alice").claude.home) / "hyperhive-session.json"
    memory.write_text(f'{{"session": "{await hive.session("alice")}"}}')
    await hive.wake("alice")
    assert costs(await turns(hive, "three")) == [ANSWER] * 3


@resumed_totals
async def test_what_a_turn_used_before_its_harness_ended_is_booked_with_the_next(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive(SCRIPT, alice={"tools": ["Read"]})
    harness = await hive.wake("alice")
    await turns(hive, "one")
    mail = await hive.say("alice", "slow")
    await hive.thinking(3)
    await hive.end(harness)
    await hive.settled(mail, MessageState.QUEUED)
    await hive.state("alice", AgentState.OFFLINE)
    await hive.wake("alice")
    await hive.settled(mail)
    (_, again) = costs(await turns(hive, "two"))[:2]
    assert 2 * ANSWER <= again < 3 * ANSWER


async def test_a_cancelled_turn_and_another_model_cost_what_they_cost(small_hive: MakeHive) -> None:
    haiku = "claude-haiku-4-5"
    hive = await small_hive(SCRIPT, alice={"tools": ["Read"], "models": ["claude-sonnet-4-5", haiku]})
    await hive.wake("alice")
    await turns(hive, "one")
    await hive.say("alice", "slow")
    await hive.thinking(3)
    await hive.cancel("alice")
    await hive.state("alice", AgentState.IDLE)
    await hive.tell("alice", "model", model=haiku)
    _, cancelled, last = costs(await turns(hive, "two"))
    assert ANSWER <= cancelled < 2 * ANSWER
    assert last == pytest.approx(ANSWER / 3)


async def test_a_new_session_and_a_compaction_begin_no_account_anew(small_hive: MakeHive) -> None:
    hive = await small_hive(SCRIPT, alice={})
    await hive.wake("alice")
    await turns(hive, "one", "two")
    await hive.tell("alice", "compact")

    async def compacted() -> bool:
        return len(await hive.events("alice", "turn_end")) == 3

    await hive.until(compacted, "the session is compacted")
    await turns(hive, "three")
    await hive.tell("alice", "new-session")
    one, two, compaction, three, four = costs(await turns(hive, "four"))
    assert (one, two, three, four) == (ANSWER,) * 4
    assert 0 < compaction < ANSWER


async def test_tokens_and_cost_have_subagents_and_tell_their_part(small_hive: MakeHive) -> None:
    hive = await small_hive(SCRIPT, alice={"tools": ["Agent"]})
    await hive.wake("alice")
    one, two = await turns(hive, "one", "delegate")
    assert (one["tokens"]["input"], one["subagent_tokens"]) == (10_000, None)
    assert two["cost_usd"] == pytest.approx(2 * ANSWER + 0.195)
    assert two["tokens"] == {"input": 70_000, "output": 5000, "cache_read": 0, "cache_write": 0}
    assert two["subagent_tokens"] == {"input": 50_000, "output": 3000, "cache_read": 0, "cache_write": 0}
