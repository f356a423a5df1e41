import re

import pytest

from hyperhive.cli.command import FAILED, USAGE
from tests.cli.conftest import Run, Running


def test_the_hive_and_an_agent_are_told_in_lines(run: Run, broker: Running) -> None:
    broker.agent("ada").post("/v1/messages", {"to": "operator", "body": "for the stats"})
    lines = run("stats", "--socket", broker.socket).out.splitlines()
    assert lines[0] == "the hive, the last 1 d"
    told = {line[:13].strip(): line[15:] for line in lines[1:]}
    assert list(told) == [
        "last turn",
        "turns",
        "results",
        "duration",
        "tool calls",
        "tools",
        "inbox",
        "sent to",
        "received from",
        "tokens",
        "cost",
        "stored",
    ]
    assert re.fullmatch(r"\d+\.\d MiB of 8192 MiB", told["stored"])
    assert (told["last turn"], told["turns"], told["cost"]) == ("never", "0", "$0.00 (estimate)")
    assert "operator" in told["sent to"]
    lines = run("stats", "ada", "--since", "30m", "--socket", broker.socket).out.splitlines()
    assert lines[0] == "ada, the last 30 min"
    assert [line.split()[0] for line in lines[-2:]] == ["context", "notes"]


def test_json_is_the_report_behind_the_charts(run: Run, broker: Running) -> None:
    document = run("stats", "ada", "--since", "30d", "--json", "--socket", broker.socket).document
    assert set(document) == {
        "agent",
        "since",
        "until",
        "step",
        "series",
        "totals",
        "tools",
        "last_turn_at",
        "stored_bytes",
        "stored_limit",
    }
    assert document["until"] - document["since"] >= 30 * 86_400


@pytest.mark.parametrize("since", ["", "yesterday", "0h", "+1d", "5y", "1.5h", "99999999d"])
def test_a_length_of_time_that_is_none_is_wrong_usage(run: Run, since: str) -> None:
    result = run("stats", "--since", since)
    assert result.code == USAGE
    assert "no length of time such as 30m, 24h, 7d or 4w" in result.err


def test_an_unknown_agent_is_an_error_with_its_name(run: Run, broker: Running) -> None:
    result = run("stats", "nobody", "--socket", broker.socket)
    assert result.code == FAILED
    assert result.err == "hyperhive: not_found: there is no agent 'nobody'\n"
