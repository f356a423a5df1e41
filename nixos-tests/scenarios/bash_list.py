"""An agent runs the commands on its list and no other, and is told why."""

import json
import shlex
from typing import Any

STATE = "/var/lib/hyperhive/agents/alice/state"


def order(command: str, report: str) -> None:
    """Have the agent run a command, and wait for its report: a part of a line."""
    machine.wait_until_succeeds(reported(report, int(machine.succeed(mail("alice", f"Run: {command}")))))


def events() -> list[dict[str, Any]]:
    """The newest of the agent's events, newest first."""
    page = json.loads(machine.succeed(f"{ADMIN} http://localhost/api/agents/alice/events"))
    found: list[dict[str, Any]] = page["events"]
    return found


def explained(command: str) -> tuple[int, str]:
    """Exit code of `hyperhive explain`, and its decision with the rule."""
    code, text = machine.execute(f"hyperhive explain alice {shlex.quote(command)}")
    return code, text.partition(":")[0]


machine.wait_for_unit("hyperhive.service")
machine.wait_until_succeeds(in_state("alice", "idle"))
before = max((event["id"] for event in events()), default=0)

with subtest("a command on the list runs"):
    order("expr 40 + 2", "expr 40 + 2: 42")
    order("touch allowed-file", "touch allowed-file: ")
    machine.succeed(f"test -e {STATE}/allowed-file")

with subtest("another one is refused, and the model reads why"):
    order("touch refused-file", "hyperhive refused this (no_pattern): `touch refused-file` matches none of ")

with subtest("a command that is not on the list does not run behind or inside of one that is"):
    order("expr 1 + 1; touch refused-file", "hyperhive refused this (no_pattern): `touch refused-file` ")
    order("expr $(touch refused-file)", "hyperhive refused this (no_pattern): `touch refused-file` ")
    order("expr 1 + 1 > refused-file", "hyperhive refused this (redirection): ")
    machine.fail(f"test -e {STATE}/refused-file")

with subtest("what Claude Code itself would let pass is refused as well"):
    order("whoami", "hyperhive refused this (no_pattern): `whoami` ")

with subtest("hyperhive explain says the same without running anything"):
    assert explained("expr 40 + 2") == (0, "allowed (pattern)")
    assert explained("touch refused-file") == (4, "refused (no_pattern)")
    assert explained("expr 1 + 1; touch refused-file") == (4, "refused (no_pattern)")
    machine.fail(f"test -e {STATE}/refused-file")

with subtest("the operator sees every refusal with its rule"):
    refused = [
        (event["data"]["input"]["command"], event["data"]["rule"])
        for event in reversed(events())
        if event["id"] > before and event["kind"] == "refused"
    ]
    assert refused == [
        ("touch refused-file", "no_pattern"),
        ("expr 1 + 1; touch refused-file", "no_pattern"),
        ("expr $(touch refused-file)", "no_pattern"),
        ("expr 1 + 1 > refused-file", "redirection"),
        ("whoami", "no_pattern"),
    ], refused
