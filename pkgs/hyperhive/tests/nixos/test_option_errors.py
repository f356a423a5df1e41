import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import ValidationError

from hyperhive.cli.config_files import check
from hyperhive.config import HarnessConfig
from hyperhive.errors import ConfigError
from tests.nixos import nix

nix.need_library()

EXPRESSION: Final = Path(__file__).parent / "wrong_options.nix"
ROOT: Final = ["services", "hyperhive"]
SERVER: Final = {"command": "server"}

#: Dotted option under `services.hyperhive`, and a value of the right type that it must not take.
BAD_VALUES: Final[tuple[tuple[str, Any], ...]] = (
    ("agents.alice.model", ""),
    ("agents.alice.model", "m" * 201),
    ("agents.alice.model", "two\nlines"),
    ("agents.alice.models", []),
    ("agents.alice.models", ["sonnet", "m" * 201]),
    ("agents.alice.role", "boss"),
    ("agents.alice.allowedRecipients", ["Bad Name"]),
    ("agents.alice.allowedRecipients", ["*"]),
    ("agents.alice.bash.allow", ["git *", ""]),
    ("agents.alice.tools", ["bash"]),
    ("agents.alice.mcpServers", {"a b": SERVER}),
    ("agents.alice.mcpServers", {"z z": SERVER} | {f"server-{n}": SERVER for n in range(9)}),
    ("agents.alice.mcpServers.alice", {"args": []}),
    ("agents.alice.mcpServers.alice.command", ""),
    ("agents.alice.mcpServers.alice.allowedTools", ["a b"]),
    ("agents.alice.mcpServers.alice.env", {"A-B": "x"}),
    ("agents.alice.notes.compactAboveBytes", -1),
    ("agents.alice.notes.compactAboveBytes", 2**63 - 1),
    ("agents.alice.context.compactAbovePercent", 96),
    ("agents.alice.silentMinutes", 10_081),
    ("agents.alice.budget.turnsPerDay", 0),
    ("agents.alice.budget.turnsPerDay", 1_000_001),
    ("agents.alice.budget.usdCentsPerDay", 0),
    ("agents.alice.budget.usdCentsPerDay", 100_000_001),
    ("agents.alice.limits.cpuPercent", 100_001),
    ("agents.alice.limits.memoryMiB", 63),
    ("agents.alice.limits.memoryMiB", 2**30 + 1),
    ("agents.alice.limits.diskMiB", 63),
    ("agents.alice.limits.diskMiB", 2**30 + 1),
    ("agents.alice.limits.tasks", 15),
    ("agents.alice.limits.tasks", 2**22 + 1),
    ("agents.alice.limits.broker.requestsPerSecond", 0),
    ("agents.alice.limits.broker.receivedKiBPerSecond", 63),
    ("agents.alice.limits.broker.storedMiBPerHour", 7),
    ("agents.alice.limits.broker.rowsPerHour", 59),
    ("agents.alice.limits.broker.framesPerSecond", 100_001),
    ("agents.alice.limits.broker.eventsMiBPerHour", 0),
    ("agents.alice.credentials", {"1X": "alice"}),
    ("agents.alice.credentials", {"X": "a/b"}),
    ("agents.alice.credentials", {"X": "nowhere"}),
    ("agents.alice.claude.env", {"A-B": "x"}),
    ("agents", {"Bad_Name": {}}),
    ("credentials", {"a b": "/run/secret"}),
    ("credentials", {"alice": "relative"}),
    ("dashboard.port", 65536),
    ("dashboard.listenAddress", ""),
    ("dashboard.listenAddress", "::1\n"),
    ("dashboard.hostNames", []),
    ("dashboard.hostNames", ["hive\r"]),
    ("operator.pronouns", "they\u001b[2J"),
    ("dashboard.tls", {"certificate": "/run/certificate.pem"}),
    ("dashboard.tls.certificate", "relative"),
    ("dashboard.tls.key", "relative"),
    ("dashboard.passwordHashFile", "relative"),
    ("notifications.ntfy", {}),
    ("notifications.ntfy.url", ""),
    ("notifications.ntfy.url", "https://ntfy.example.org/a b"),
    ("notifications.ntfy.url", "https://user:secret@ntfy.example.org/hive"),
    ("notifications.ntfy.url", "https://::1/hive"),
    ("notifications.ntfy.url", "http://[2001:db8::7]/hive"),
    ("notifications.ntfy.tokenFile", "relative"),
    ("notifications.ntfy.delaySeconds", 86_401),
    ("notifications.ntfy.kinds", ["approval"]),
    ("notifications.ntfy.dashboardUrl", "hive.example.org"),
    ("network.subnet", "10.0.0.0/33"),
    ("network.nameservers", ["name"]),
    ("network.hostPorts", [0]),
    ("network.hostPorts", [65536]),
    ("network.privateDestinations", ["name"]),
)
#: Dotted key of a file that `settings` fills, a value, and what is said while the system builds.
BAD_SETTINGS: Final[tuple[tuple[str, Any, str], ...]] = (
    ("broker.delivery.lease_second", 30, "delivery.lease_second: Extra inputs are not permitted (value: 30)"),
    (
        "broker.delivery.lease_seconds",
        1,
        "delivery.lease_seconds: Input should be greater than or equal to 5 (value: 1)",
    ),
    (
        "broker.retention.stats_days",
        2**63 - 1,
        "retention.stats_days: Input should be less than or equal to 36500 (value: 9223372036854775807)",
    ),
    (
        "broker.operator.pronouns",
        "they\x1b[2J",
        "operator.pronouns: must not contain the character U+001B (value: 'they\\x1b[2J')",
    ),
    (
        "harness.claude.env",
        {"PS1": "x" * 100_001},
        "claude.env.PS1: must have at most 100000 bytes, it has 100001 (value: ",
    ),
    ("broker.listen.port", 65536, "listen.port: Input should be less than or equal to 65535 (value: 65536)"),
    (
        "broker.agents.alice.tools",
        ["bash"],
        "agents.alice.tools.0: String should match pattern '^[A-Z][A-Za-z]*$' (value: 'bash')",
    ),
    ("broker.agents", {"carol": {}}, "agents.carol.model: Field required"),
    ("harness.claude.cli", "claude", "claude.cli: String should match pattern '^/' (value: 'claude')"),
    ("harness.claude.surprise", 1, "claude.surprise: Extra inputs are not permitted (value: 1)"),
)
CONTAINER: Final = ["agents", "alice", "config", "hyperhive"]
#: Options of an agent that are fields of the contract, or hold some.
OPTIONS: Final = (
    "role",
    "model",
    "models",
    "systemPrompt",
    "allowedRecipients",
    "bash.allow",
    "tools",
    "mcpServers",
    "mcpServers.x",
    "mcpServers.x.command",
    "notes.compactAboveBytes",
    "context.compactAbovePercent",
    "silentMinutes",
    "budget.usdCentsPerDay",
    "budget.turnsPerDay",
    "limits.cpuPercent",
    "limits.memoryMiB",
    "limits.diskMiB",
    "limits.tasks",
    "limits.broker.requestsPerSecond",
    "limits.broker.receivedKiBPerSecond",
    "limits.broker.storedMiBPerHour",
    "limits.broker.rowsPerHour",
    "limits.broker.framesPerSecond",
    "limits.broker.eventsMiBPerHour",
    "credentials",
    "claude.env",
)
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    *(-1, 0, 1, 15, 16, 63, 64, 95, 96, 3601, 65536, 100_000, 100_001, 1_000_001, 1.5, 7000.0),
    *(100_000_001, 2**22 + 1, 2**30 + 1, 2**63 - 1),
    *("", "text", "a/b", "two\nlines", "Bad name!", "manager", "nixos", "*", "a-", "é"),
    *("m" * 200, "m" * 201),
    *([], ["text"], [""], [1], [None], ["*"], ["Bash"], ["a b"], ["a-"], ["a" * 31], ["a" * 32], ["m" * 201]),
    *({}, {"key": "text"}, {"key": 1}, {"A-B": "x"}, {"1X": "x"}, {"é": "x"}, {"X": "a/b"}, {"X": "a" * 256}),
    *({"x y": {"command": "x"}}, {"x" * 64: {"command": "x"}}, {"x" * 65: {"command": "x"}}),
    *({"command": "x", "env": {"A-B": "x"}}, {"command": "x", "env": {"A": "x"}}),
    *({"command": "x", "allowedTools": ["a b"]}, {"command": "x", "allowedTools": ["*", "a.b"]}),
)


def evaluate(part: str, **given: Any) -> Any:
    """A part of the expression's answer: what a hive comes to in which one thing is as `case` says."""
    return nix.evaluate(
        EXPRESSION,
        library=str(nix.library()),
        modules=str(nix.MODULES),
        part=part,
        **{name: json.dumps(value) for name, value in given.items()},
    )


def silent(cases: Iterable[dict[str, Any]]) -> list[tuple[str, Any, str]]:
    """Those of `cases` that pass, or fail without a word about their option, with what is said instead."""
    wrong = list(cases)
    with ThreadPoolExecutor(max_workers=4) as pool:
        said = pool.map(refusal, wrong)
        return [
            (name, case["value"], message)
            for case, message in zip(wrong, said, strict=True)
            if (name := ".".join(case["path"])) not in message
        ]


def refusal(case: dict[str, Any]) -> str:
    try:
        evaluate("outcome", case=case)
    except nix.EvaluationError as error:
        return str(error)
    return "accepted"


def test_the_hive_that_is_spoilt_below_evaluates_as_it_is() -> None:
    path = [*ROOT, "enable"]
    assert json.loads(evaluate("outcome", case={"path": path, "value": True}))["containers"].keys() == {
        "h-alice",
        "h-manager",
    }


def test_a_wrong_type_or_an_unknown_key_anywhere_is_refused_with_the_options_name() -> None:
    cases = evaluate("cases")
    paths = {".".join(case["path"]) for case in cases}
    some = {
        "agents.alice.bash.allow",
        "agents.alice.mcpServers.alice.env.alice",
        "dashboard.tls.surprise",
        "manager.limits.surprise",
        "surprise",
    }
    assert {".".join([*ROOT, name]) for name in some} <= paths
    assert silent(cases) == []


def test_a_value_that_the_program_would_not_take_is_refused_with_the_options_name() -> None:
    assert silent({"path": [*ROOT, *name.split(".")], "value": value} for name, value in BAD_VALUES) == []


@pytest.mark.parametrize(("key", "value", "message"), BAD_SETTINGS)
def test_a_wrong_setting_is_named_with_its_value_while_the_system_builds(
    tmp_path: Path, key: str, value: Any, message: str
) -> None:
    kind, *path = key.split(".")
    below = [*ROOT, "settings"] if kind == "broker" else [*ROOT, *CONTAINER, "settings"]
    file = tmp_path / f"{kind}.json"
    settings = evaluate("settings", case={"path": [*below, *path], "value": value})
    file.write_text(json.dumps(settings[kind]), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(f"{file}: {message}")):
        check(file, kind)


def test_what_an_agents_options_take_the_program_takes() -> None:
    agents = [nested(option, value) for option in OPTIONS for value in VALUES]
    rendered = evaluate("harnesses", agents=agents)
    taken = [(agent, text) for agent, text in zip(agents, rendered, strict=True) if text is not None]
    assert len(OPTIONS) < len(taken) < len(agents) / 2
    assert [(agent, error) for agent, text in taken if (error := mistake(text))] == []


def nested(option: str, value: Any) -> Any:
    """A definition of an agent in which only this option is said, with the value."""
    for name in reversed(option.split(".")):
        value = {name: value}
    return value


def mistake(harness: str) -> str:
    """What the program has against a file, rules between its fields left aside."""
    try:
        HarnessConfig.model_validate_json(harness)
    except ValidationError as error:
        return "\n".join(one["msg"] for one in error.errors() if one["type"] != "value_error")
    return ""
