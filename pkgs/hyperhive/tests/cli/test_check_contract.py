"""What `hyperhive check-config` says of a rendered file in which one thing is wrong: which key, and why."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from hyperhive.config.hive_file import Paths, parse_hive
from tests.cli.conftest import Run

PATHS: Final = Paths(Path("/state"), Path("/run/hive"), Path("/dashboard"))
#: A hive with something in every list and map, and no `null`.
FULL: Final = """
[credentials]
token = { env = "TOKEN" }
tls = { file = "/run/tls.pem" }
[operator]
password_credential = "token"
[dashboard]
host = "0.0.0.0"
tls = { certificate = "/run/cert.pem", key_credential = "tls" }
[notifications.ntfy]
url = "https://ntfy.example.org:8443/base/hive_1"
token_credential = "token"
dashboard_url = "https://hive.example.org/"
[claude]
cli = "/bin/claude"
env = { LANG = "C" }
[agents.manager]
role = "manager"
[agents.ada]
allowed_recipients = ["manager"]
bash = ["git *"]
budget = { usd_cents_per_day = 100, turns_per_day = 10 }
credentials = { TOKEN = "token" }
[agents.ada.mcp_servers.orders]
command = "orders"
args = ["--all"]
env = { LEVEL = "warn" }
allowed_tools = ["read", "*"]
"""
#: Objects whose keys are names that the writer chooses.
MAPS: Final = frozenset({"agents", "mcp_servers", "env", "credentials"})

Say = Callable[[str, object], str]


def files() -> dict[str, Any]:
    parsed = parse_hive(FULL, PATHS, directory=Path("/hive"))
    return {
        "broker": parsed.broker.model_dump(mode="json"),
        "harness": parsed.harnesses["ada"].model_dump(mode="json"),
    }


def objects(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object of a file with its path; of the agents, which are alike, only one of the broker's."""
    if isinstance(value, dict) and path not in {("harness", "agent"), ("broker", "agents", "manager")}:
        yield path, value
        for key, inner in value.items():
            yield from objects(inner, *path, key)


def leaves(value: Any, kind: type, *path: str) -> Iterator[str]:
    """Dotted keys of a file's values of one type; of the agents, which are alike, only one broker's."""
    if path in {("harness", "agent"), ("broker", "agents", "manager")}:
        return
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, kind, *path, str(key))
    elif type(value) is kind:
        yield ".".join(path)


STRINGS: Final = [path for kind, file in files().items() for path in leaves(file, str, kind)]
CLOSED: Final = [
    (path, table)
    for kind, file in files().items()
    for path, table in objects(file, kind)
    if path[-1] not in MAPS
]


@pytest.fixture
def refusal(run: Run, tmp_path: Path) -> Say:
    """`refusal("broker.listen.port", 70000)`: what is said of a file with this value; `...` drops the key."""

    def say(dotted: str, value: object) -> str:
        kind, *path, last = dotted.split(".") if "." in dotted else (dotted, dotted)
        whole = {kind: copy.deepcopy(files()[kind])}
        table: Any = whole
        for key in (kind, *path) if dotted != kind else ():
            table = table[int(key)] if isinstance(table, list) else table[key]
        if isinstance(table, list):
            table[int(last)] = value
        elif value is ...:
            del table[last]
        else:
            table[last] = value
        file = tmp_path / f"{kind}.json"
        file.write_text(json.dumps(whole[kind]), encoding="utf-8")
        result = run("check-config", "--kind", kind, file)
        assert (result.code, result.out) == (1, "")
        return result.err.replace(f"hyperhive: config_invalid: {file}: ", "").replace(f"{file}: ", "")

    return say


def test_a_full_file_is_good(run: Run, tmp_path: Path) -> None:
    for kind, value in files().items():
        (tmp_path / "file.json").write_text(json.dumps(value), encoding="utf-8")
        assert run("check-config", "--kind", kind, tmp_path / "file.json").code == 0


def test_a_missing_key_is_named(refusal: Say) -> None:
    keys = [".".join((*path, key)) for path, table in CLOSED for key in table]
    assert len(keys) > 50
    silent = [key for key in keys if f"{key.split('.', 1)[1]}: Field required\n" not in refusal(key, ...)]
    assert silent == []


def test_an_unknown_key_is_named_at_every_level(refusal: Say) -> None:
    keys = [".".join((*path, "surprise")) for path, _ in CLOSED]
    assert len(keys) > 15
    wanted = "Extra inputs are not permitted (value: {'of': 1})"
    silent = [key for key in keys if f"{key.split('.', 1)[1]}: {wanted}" not in refusal(key, {"of": 1})]
    assert silent == []


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("broker", "/etc", "(whole file): Input should be an object"),
        ("broker.runtime", "docker", "Input should be 'nixos' or 'process'"),
        ("broker.state_dir", "var/lib", "String should match pattern '^/'"),
        ("broker.listen", "/etc", "Input should be an object"),
        ("broker.listen.host", "", "String should have at least 1 character"),
        ("broker.listen.port", 65536, "Input should be less than or equal to 65535"),
        ("broker.listen.port", "80", "Input should be a valid integer"),
        ("broker.listen.port", True, "Input should be a valid integer"),
        ("broker.listen.host_names", [], "List should have at least 1 item after validation, not 0"),
        ("broker.listen.host_names", "hive", "Input should be a valid array"),
        ("broker.listen.tls", [], "Input should be an object"),
        ("broker.listen.tls.key_credential", "a/b", "String should match pattern '^[A-Za-z0-9_.-]+$'"),
        ("broker.listen.tls.key_credential", "k" * 256, "String should have at most 255 characters"),
        ("broker.listen.plain_remote", "yes", "Input should be a valid boolean"),
        ("broker.delivery.lease_seconds", 4, "Input should be greater than or equal to 5"),
        ("broker.retention.events_days", -1, "Input should be greater than or equal to 0"),
        ("broker.agents", [], "Input should be an object"),
        ("broker.agents.ada", 7, "Input should be an object"),
        (
            "broker.agents.ada.name",
            "Ada",
            "String should match pattern '^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$'",
        ),
        ("broker.agents.ada.model", "m" * 201, "String should have at most 200 characters"),
        ("broker.agents.ada.models", [], "List should have at least 1 item after validation, not 0"),
        ("broker.agents.ada.limits.memory_mib", 63, "Input should be greater than or equal to 64"),
        ("broker.agents.ada.budget.turns_per_day", 0, "Input should be greater than or equal to 1"),
        ("broker.agents.ada.bash", "git *", "Input should be a valid array"),
        ("broker.agents.ada.bash.1", "", "String should have at least 1 character"),
        ("broker.agents.ada.tools.0", "bash", "String should match pattern '^[A-Z][A-Za-z]*$'"),
        (
            "broker.agents.ada.mcp_servers.orders.allowed_tools.0",
            "a b",
            r"String should match pattern '^(\*|[A-Za-z0-9_.-]+)$'",
        ),
        ("harness.claude.cli", "claude", "String should match pattern '^/'"),
        ("harness.claude.env.LANG", 1, "Input should be a valid string"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(refusal: Say, key: str, value: object, reason: str) -> None:
    path, _, last = key.rpartition(".")
    said = refusal(path, ["git *"] * int(last) + [value]) if last.isdigit() else refusal(key, value)
    where = key.partition(".")[2]
    assert said.startswith(f"{where}: {reason}" if where else reason)
    assert f"(value: {value!r:.200}" in said


@pytest.mark.parametrize(
    ("table", "name", "pattern"),
    [
        ("broker.agents", "Ada", "^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"),
        ("broker.agents.ada.credentials", "A-B", "^[A-Za-z_][A-Za-z0-9_]*$"),
        ("broker.agents.ada.mcp_servers", "a b", "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"),
        ("broker.agents.ada.mcp_servers.orders.env", "1X", "^[A-Za-z_][A-Za-z0-9_]*$"),
        ("harness.claude.env", "ä", "^[A-Za-z_][A-Za-z0-9_]*$"),
    ],
)
def test_a_wrong_name_is_named_with_its_table_and_the_pattern(
    refusal: Say, table: str, name: str, pattern: str
) -> None:
    said = refusal(f"{table}.{name}", "x")
    where = table.partition(".")[2]
    assert f"{where}.{name}.[key]: String should match pattern '{pattern}' (value: {name!r})\n" in said


def test_no_text_takes_a_nul(refusal: Say) -> None:
    assert len(STRINGS) > 30
    spoilt = [(path, f"{value_at(path)}\0") for path in STRINGS]
    silent = [(path, said) for path, text in spoilt if not named(said := refusal(path, text), path)]
    assert silent == []


def test_text_on_several_lines_is_for_people_and_processes(refusal: Say) -> None:
    several = {"system_prompt", "args", "env", "command", "bash"}
    one_line = [
        path for path in STRINGS if several.isdisjoint(path.split(".")) and not value_at(path).startswith("/")
    ]
    assert len(one_line) > 15
    silent = [path for path in one_line if not named(refusal(path, f"{value_at(path)}\n"), path)]
    assert silent == []


def test_characters_that_steer_a_terminal_are_named(refusal: Say) -> None:
    for key in ("broker.agents.ada.system_prompt", "broker.listen.host", "harness.claude.home"):
        where = key.partition(".")[2]
        assert refusal(key, "/x\x1b[2J").startswith(
            f"{where}: must not contain the character U+001B (value: "
        )


def test_text_that_no_process_can_get_is_refused(refusal: Say) -> None:
    for key in ("harness.claude.env.LANG", "broker.agents.ada.mcp_servers.orders.args.0"):
        where = key.partition(".")[2]
        said = refusal(key, "ä" * 50_001)
        assert said.startswith(f"{where}: must have at most 100000 bytes, it has 100002 (value: ")


def test_every_number_is_bounded_on_both_sides(refusal: Say) -> None:
    numbers = [path for kind, file in files().items() for path in leaves(file, int, kind)]
    assert len(numbers) > 15
    for number in (-(2**63), 2**63 - 1, 2**64, 10**30):
        silent = [path for path in numbers if not named(refusal(path, number), path)]
        assert silent == []


def value_at(path: str) -> Any:
    value: Any = files()
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def named(said: str, path: str) -> bool:
    return any(line.startswith(f"{path.partition('.')[2]}: ") for line in said.splitlines())
