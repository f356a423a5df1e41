"""A limit is waited for as long as it says, whatever Claude Code makes of it; with the real CLI."""

import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import pytest

from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive, SmallHive


async def parked(hive: SmallHive, env: dict[str, str]) -> tuple[float, AgentState]:
    """Seconds until the agent goes on after its first mail."""
    await hive.wake("alice", env=env)
    mail = await hive.say("alice", "one")

    async def waits() -> bool:
        return hive.broker.services.agents.view("alice").status.until is not None

    await hive.until(waits, "the agent is parked")
    back = await hive.settled(mail, MessageState.QUEUED)
    assert (back.deliveries, back.failures) == (1, 0)
    status = hive.broker.services.agents.view("alice").status
    return (status.until or 0) - time.time(), status.state


def script(status: int, header: str) -> str:
    return f"[[turn]]\n[[turn.step]]\nerror_status = {status}\nerror_times = 0\n{header}\n"


@pytest.mark.parametrize("status", [429, 529])
@pytest.mark.parametrize("patience", [{}, {"CLAUDE_CODE_MAX_RETRIES": "0"}], ids=["patient", "hasty"])
async def test_a_retry_after_of_hours_is_kept(
    small_hive: MakeHive, status: int, patience: dict[str, str]
) -> None:
    hive = await small_hive(script(status, "retry_after = 7200"), alice={})
    env = hive.harness_config("alice").claude.env | patience
    seconds, state = await parked(hive, env)
    assert state is AgentState.RATE_LIMITED
    # Newer releases of Claude Code add up to a quarter, so that not all come back at once.
    assert 7100 < seconds < 7200 * 1.3
    assert hive.model is not None
    assert len([request for request in hive.model.requests if not request.side]) == 1


HOURS = 20 * 3600


def headers_of(until: float) -> dict[str, dict[str, str]]:
    """What an API may say, instead of seconds that are not many."""
    moment = datetime.fromtimestamp(int(until), UTC).isoformat().replace("+00:00", "Z")
    limit = "anthropic-ratelimit"
    return {
        "date": {"retry-after": formatdate(until, usegmt=True)},
        "seconds": {"retry-after": str(HOURS)},
        "reset": {
            f"{limit}-requests-reset": datetime.fromtimestamp(until + HOURS, UTC).isoformat(),
            f"{limit}-requests-remaining": "3",
            f"{limit}-tokens-reset": moment,
            f"{limit}-tokens-remaining": "0",
        },
        "unified": {f"{limit}-unified-reset": str(int(until))},
    }


@pytest.mark.parametrize("patience", [{}, {"CLAUDE_CODE_MAX_RETRIES": "0"}], ids=["patient", "hasty"])
@pytest.mark.parametrize("said", ["date", "seconds", "reset", "unified"])
async def test_the_time_in_a_header_is_kept_in_every_form_and_length(
    small_hive: MakeHive, said: str, patience: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    headers = headers_of(time.time() + HOURS)[said] | {"x-note": "NOT FOR THE LOG"}
    lines = "\n".join(f'headers.{name} = "{value}"' for name, value in headers.items())
    hive = await small_hive(script(429, lines), alice={})
    env = hive.harness_config("alice").claude.env | {"ANTHROPIC_CUSTOM_HEADERS": "x-mine: NOT FOR THE LOG"}
    seconds, state = await parked(hive, env | patience)
    assert state is AgentState.RATE_LIMITED
    assert HOURS - 60 < seconds <= HOURS
    assert hive.model is not None
    assert len([request for request in hive.model.requests if not request.side]) == 1
    assert "NOT FOR THE LOG" not in caplog.text
    assert "SDK" not in caplog.text


async def test_a_limit_without_a_time_is_waited_for_a_while(small_hive: MakeHive) -> None:
    hive = await small_hive(script(429, ""), alice={})
    seconds, state = await parked(hive, hive.quick_failures("alice"))
    assert (state, 250 < seconds <= 300) == (AgentState.RATE_LIMITED, True)


@pytest.mark.parametrize("days", [3, 20 * 365, 10**13])
async def test_the_reset_time_of_a_subscription_is_kept_at_any_length(
    small_hive: MakeHive, days: int
) -> None:
    at = int(time.time()) + days * 86_400
    limit = "anthropic-ratelimit-unified"
    told = {"status": "rejected", "reset": at, "representative-claim": "five_hour"}
    headers = "\n".join(f'headers.{limit}-{name} = "{value}"' for name, value in told.items())
    hive = await small_hive(script(429, headers), alice={})
    env: dict[str, Any] = hive.harness_config("alice").claude.env
    subscriber = {"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "scripted-model"}
    seconds, state = await parked(hive, env | subscriber)
    assert state is AgentState.RATE_LIMITED
    days = min(days, 100 * 366)
    assert days * 86_400 - 600 < seconds <= days * 86_400
