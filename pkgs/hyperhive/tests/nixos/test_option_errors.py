import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.nixos import nix

nix.need_library()

EXPRESSION: Final = Path(__file__).parent / "wrong_options.nix"
ROOT: Final = ["services", "hyperhive"]
SERVER: Final = {"command": "server"}

#: Dotted option under `services.hyperhive`, and a value of the right type that it must not take.
BAD_VALUES: Final[tuple[tuple[str, Any], ...]] = (
    ("agents.alice.model", ""),
    ("agents.alice.model", "m" * 201),
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
    ("agents.alice.context.compactAbovePercent", 96),
    ("agents.alice.budget.turnsPerDay", 0),
    ("agents.alice.budget.usdCentsPerDay", 0),
    ("agents.alice.limits.cpuPercent", 100_001),
    ("agents.alice.limits.memoryMiB", 63),
    ("agents.alice.limits.diskMiB", 63),
    ("agents.alice.limits.tasks", 15),
    ("agents.alice.credentials", {"1X": "alice"}),
    ("agents.alice.credentials", {"X": "a/b"}),
    ("agents.alice.credentials", {"X": "nowhere"}),
    ("agents.alice.claude.env", {"A-B": "x"}),
    ("agents", {"Bad_Name": {}}),
    ("credentials", {"a b": "/run/secret"}),
    ("credentials", {"alice": "relative"}),
    ("dashboard.port", 65536),
    ("dashboard.listenAddress", ""),
    ("dashboard.hostNames", []),
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
    ("settings.listen.port", 65536),
    ("settings.agents.alice.tools", ["bash"]),
    ("settings.agents", {"carol": {}}),
)


def evaluate(case: dict[str, Any] | None = None) -> Any:
    """All cases of the expression, or what a hive with the value of one of them comes to."""
    chosen = {} if case is None else {"case": json.dumps(case)}
    return nix.evaluate(EXPRESSION, library=str(nix.library()), modules=str(nix.MODULES), **chosen)


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
        evaluate(case)
    except nix.EvaluationError as error:
        return str(error)
    return "accepted"


def test_the_hive_that_is_spoilt_below_evaluates_as_it_is() -> None:
    path = [*ROOT, "enable"]
    assert json.loads(evaluate({"path": path, "value": True}))["containers"].keys() == {
        "h-alice",
        "h-manager",
    }


def test_a_wrong_type_or_an_unknown_key_anywhere_is_refused_with_the_options_name() -> None:
    cases = evaluate()
    paths = {".".join(case["path"]) for case in cases}
    some = {
        "agents.alice.bash.allow",
        "agents.alice.mcpServers.alice.env.alice",
        "dashboard.tls.surprise",
        "manager.limits.surprise",
        "settings.agents.alice.limits.tasks",
        "surprise",
    }
    assert {".".join([*ROOT, name]) for name in some} <= paths
    assert silent(cases) == []


def test_a_value_that_the_program_would_not_take_is_refused_with_the_options_name() -> None:
    assert silent({"path": [*ROOT, *name.split(".")], "value": value} for name, value in BAD_VALUES) == []
