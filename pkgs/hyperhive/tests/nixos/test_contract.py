import itertools
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import pytest
from pydantic import StringConstraints, TypeAdapter, ValidationError

from hyperhive.config import schema
from hyperhive.config.hive_file import Places, parse_hive
from tests.nixos import nix
from tests.nixos.mutations import changed, is_map, mutants, objects

nix.need_library()

HERE: Final = Path(__file__).parent
PLACES: Final = Places(Path("/state"), Path("/run/hive"), Path("/dashboard"))
MINIMAL: Final = "[agents.ada]\n"
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

#: Rules between fields: only pydantic knows them, and `modules/assertions.nix` says them in its own words.
BETWEEN_FIELDS: Final = (
    "is reserved",
    "is not among models",
    "the name is taken by hyperhive's own tools",
    "more than one manager",
    "but its key is",
    "nobody is called",
    "is beyond loopback",
)


class Case(NamedTuple):
    kind: str
    value: Any


def hive(text: str) -> dict[str, Any]:
    parsed = parse_hive(text, PLACES, directory=Path("/hive"))
    return {
        "broker": parsed.broker.model_dump(mode="json"),
        "harness": parsed.harnesses["ada"].model_dump(mode="json"),
    }


def evaluate(directory: Path, cases: Sequence[Case], index: int | None = None) -> Any:
    """What Nix makes of `cases`: a list with null for each that it refuses, or the one at `index`."""
    file = directory / "cases.json"
    if not file.exists():
        file.write_text(json.dumps([case._asdict() for case in cases]), encoding="utf-8")
    chosen = {} if index is None else {"index": str(index)}
    return nix.evaluate(
        HERE / "contract.nix",
        library=str(nix.library()),
        modules=str(nix.MODULES),
        file=str(file),
        **chosen,
    )


def refusals(directory: Path, cases: Sequence[Case]) -> list[str]:
    """The message with which Nix refuses each case."""

    def refusal(index: int) -> str:
        with pytest.raises(nix.EvaluationError) as caught:
            evaluate(directory, cases, index)
        return str(caught.value)

    evaluate(directory, cases)
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(refusal, range(len(cases))))


def own(kind: str, value: Any) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """The objects of a file, those left out that are the same in the other file or in another agent."""
    repeated = {"broker": ("agents", "manager"), "harness": ("agent",)}[kind]
    return [(path, table) for path, table in objects(value) if path[: len(repeated)] != repeated]


def requirements() -> Iterator[tuple[str, Case]]:
    """The dotted name of every key of the contract, with a file that lacks it."""
    for kind, value in hive(FULL).items():
        for path, table in own(kind, value):
            for key in () if is_map(path) else table:
                yield ".".join((kind, *path, key)), Case(kind, changed(value, path, drop=key))


def surprises() -> Iterator[tuple[str, Case]]:
    """The dotted name of an unknown key in every closed object, with a file that has it."""
    for kind, value in hive(FULL).items():
        for path, _ in own(kind, value):
            if not is_map(path):
                add = {"surprise": {"of": 1}}
                yield ".".join((kind, *path, "surprise")), Case(kind, changed(value, path, add=add))


@pytest.mark.parametrize("text", [MINIMAL, FULL])
def test_files_of_a_real_hive_are_what_nix_makes_of_them(tmp_path: Path, text: str) -> None:
    cases = [Case(kind, value) for kind, value in hive(text).items()]
    assert evaluate(tmp_path, cases) == [case.value for case in cases]


def test_a_missing_key_is_refused_under_its_own_name(tmp_path: Path) -> None:
    names, cases = zip(*requirements(), strict=True)
    assert len(names) > 50
    said = refusals(tmp_path, cases)
    wanted = [f"The option `{name}' was accessed but has no value defined" for name in names]
    assert [want for want, message in zip(wanted, said, strict=True) if want not in message] == []


def test_an_unknown_key_is_refused_under_its_own_name_at_every_level(tmp_path: Path) -> None:
    names, cases = zip(*surprises(), strict=True)
    assert len(names) > 15
    said = refusals(tmp_path, cases)
    wanted = [f"The option `{name}' does not exist" for name in names]
    assert [want for want, message in zip(wanted, said, strict=True) if want not in message] == []


#: Dotted key of a full hive, a wrong value, and what is said beside the option's name.
WRONG: Final[tuple[tuple[str, Any, tuple[str, ...]], ...]] = (
    ("broker", "/etc", ("attribute set of agents, dashboard_dir,", '"/etc"')),
    ("broker.runtime", "docker", ('one of "nixos", "process"', '"docker"')),
    ("broker.state_dir", "var/lib", ("string that matches ^/", '"var/lib"')),
    ("broker.listen", "/etc", ("attribute set of host, host_names, plain_remote, port, tls", '"/etc"')),
    ("broker.listen.host", "", ("string that is not empty", '""')),
    ("broker.listen.port", 65536, ("integer of 0 to 65535", "65536")),
    ("broker.listen.port", "80", ("integer of 0 to 65535", '"80"')),
    ("broker.listen.port", True, ("integer of 0 to 65535", "true")),
    ("broker.listen.host_names", [], ("list of string with at least 1 of them", "[ ]")),
    ("broker.listen.host_names", "hive", ("list of string with at least 1 of them", '"hive"')),
    ("broker.listen.tls", [], ("null or (attribute set of certificate, key_credential)", "[ ]")),
    ("broker.listen.tls.key_credential", "a/b", ("matches ^[A-Za-z0-9_.-]+$", '"a/b"')),
    ("broker.listen.tls.key_credential", "k" * 256, ("string of at most 255 characters", '"kkk')),
    ("broker.listen.plain_remote", "yes", ("boolean", '"yes"')),
    ("broker.delivery.lease_seconds", 4, ("integer of 5 to 3600", "4")),
    ("broker.retention.events_days", -1, ("integer of at least 0", "-1")),
    ("broker.agents", [], ("attribute set of (attribute set of allowed_recipients,", "[ ]")),
    ("broker.agents.ada", 7, ("attribute set of allowed_recipients, bash,", "7")),
    ("broker.agents.ada.name", "Ada", ("matches ^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$", '"Ada"')),
    ("broker.agents.ada.model", "m" * 201, ("string of 1 to 200 characters", '"mmm')),
    ("broker.agents.ada.models", [], ("list of string of 1 to 200 characters with at least 1", "[ ]")),
    ("broker.agents.ada.limits.memory_mib", 63, ("integer of at least 64", "63")),
    ("broker.agents.ada.budget.turns_per_day", 0, ("null or integer of at least 1", "0")),
    ("broker.agents.ada.bash", "git *", ("null or (list of string that is not empty)", '"git *"')),
    ("broker.agents.ada.bash", ["git *", ""], ("[definition 1-entry 2]", '""')),
    ("broker.agents.ada.tools", ["bash"], ("string that matches ^[A-Z][A-Za-z]*$", '"bash"')),
    ("broker.agents.ada.mcp_servers.orders.allowed_tools", ["a b"], (r"^(\*|[A-Za-z0-9_.-]+)$", '"a b"')),
    ("harness.claude.cli", "claude", ("null or string that matches ^/", '"claude"')),
    ("harness.claude.env.LANG", 1, ("string", "1")),
)


def test_a_wrong_value_is_refused_with_its_option_what_is_allowed_and_itself(tmp_path: Path) -> None:
    cases = []
    for name, wrong, _ in WRONG:
        kind, *path = name.split(".")
        value = changed(hive(FULL)[kind], tuple(path[:-1]), add={path[-1]: wrong}) if path else wrong
        cases.append(Case(kind, value))
    lacking = [
        (name, part, message)
        for (name, _, parts), message in zip(WRONG, refusals(tmp_path, cases), strict=True)
        for part in (f"option `{name}", *parts)
        if part not in message
    ]
    assert lacking == []


def test_a_wrong_name_is_refused_with_its_option_itself_and_the_pattern(tmp_path: Path) -> None:
    wrong = [
        (("broker", "agents"), "Ada", "^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"),
        (("broker", "agents", "ada", "credentials"), "A-B", "^[A-Za-z_][A-Za-z0-9_]*$"),
        (("broker", "agents", "ada", "mcp_servers"), "a b", "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"),
        (("broker", "agents", "ada", "mcp_servers", "orders", "env"), "1X", "^[A-Za-z_][A-Za-z0-9_]*$"),
        (("harness", "claude", "env"), "ä", "^[A-Za-z_][A-Za-z0-9_]*$"),
    ]
    cases = [
        Case(path[0], changed(hive(FULL)[path[0]], path[1:], add={name: "x"})) for path, name, _ in wrong
    ]
    said = refusals(tmp_path, cases)
    wanted = [
        f"The option `{'.'.join(path)}' has names that do not match {pattern}: {name}\n"
        for path, name, pattern in wrong
    ]
    assert [want for want, message in zip(wanted, said, strict=True) if want not in message] == []


def test_nix_and_the_program_accept_the_same_files(tmp_path: Path) -> None:
    files = [
        (f"{kind}: {mutant.change}", Case(kind, mutant.value))
        for kind, value in hive(FULL).items()
        for mutant in mutants(value, own(kind, value))
    ]
    answers = evaluate(tmp_path, [case for _, case in files])
    assert len(answers) > 1000
    differing = [
        change
        for (change, case), answer in zip(files, answers, strict=True)
        if answer != (case.value if accepted(case) else None)
    ]
    assert differing == []


def accepted(case: Case) -> bool:
    """Whether the program's own models take the file, rules between fields left aside."""
    try:
        schema.MODELS[case.kind].model_validate_json(json.dumps(case.value))
    except ValidationError as error:
        return all(
            detail["type"] == "value_error" and any(rule in detail["msg"] for rule in BETWEEN_FIELDS)
            for detail in error.errors()
        )
    return True


def constraints(node: Any) -> Iterator[str]:
    """Every pattern in a schema, of values and of keys."""
    if isinstance(node, dict):
        yield from node.get("patternProperties", {})
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for inner in node.values():
            yield from constraints(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from constraints(inner)


def test_every_pattern_of_the_schemas_matches_the_same_texts_in_nix(tmp_path: Path) -> None:
    patterns = sorted({p for kind in schema.MODELS for p in constraints(json.loads(schema.render(kind)))})
    texts = [
        "".join(letters) for size in range(4) for letters in itertools.product("aZ5_-.*/\\ \nä", repeat=size)
    ]
    texts += ["a" * length for length in (30, 31, 32, 63, 64, 65, 255, 256)] + [
        "a" * 30 + "-",
        "/" + "x\n" * 50,
    ]
    addresses = (
        ("http", "https", "ftp"),
        ("a.b", "a b", "u@a", "", "[::1]", "[::1", "::1", "[g]"),
        ("", ":1", ":"),
        ("", "/", "/a", "/a/", "/a?b"),
    )
    texts += [f"{scheme}://{host}{port}{path}" for scheme, host, port, path in itertools.product(*addresses)]
    file = tmp_path / "patterns.json"
    file.write_text(json.dumps({"patterns": patterns, "texts": texts}), encoding="utf-8")
    matching = nix.evaluate(
        HERE / "patterns.nix", library=str(nix.library()), modules=str(nix.MODULES), file=str(file)
    )
    # What loads the file decides, not Python's `re`, whose `$` also matches before a last newline.
    deciding = [TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)]) for pattern in patterns]
    expected = [[i for i, text in enumerate(texts) if fits(kind, text)] for kind in deciding]
    assert dict(zip(patterns, matching, strict=True)) == dict(zip(patterns, expected, strict=True))
    assert all(0 < len(found) < len(texts) for found in matching)


def fits(kind: TypeAdapter[str], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True
