import json
from pathlib import Path

import pytest

from hyperhive.cli.config_files import guess_kind, load_broker, load_hive_file
from hyperhive.config.hive_file import Paths, load_hive, parse_hive
from hyperhive.errors import ConfigError
from tests.cli.conftest import Run

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "hive.toml"


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """A directory with the example hive as broker.json and harness.json."""
    hive = load_hive(EXAMPLE, Paths(tmp_path, tmp_path / "run", tmp_path))
    (tmp_path / "broker.json").write_text(hive.broker.model_dump_json())
    (tmp_path / "harness.json").write_text(hive.harnesses["coder"].model_dump_json())
    return tmp_path


def test_every_kind_of_file_is_recognised(run: Run, rendered: Path) -> None:
    assert [
        run("check-config", "--json", path).document
        for path in (EXAMPLE, rendered / "broker.json", rendered / "harness.json")
    ] == [
        {"kind": "hive", "agents": ["manager", "coder", "reviewer"]},
        {"kind": "broker", "agents": ["manager", "coder", "reviewer"]},
        {"kind": "harness", "agents": ["coder"]},
    ]


def test_a_good_file_is_said_to_be_good(run: Run) -> None:
    result = run("check-config", EXAMPLE)
    assert (result.code, result.out) == (0, f"{EXAMPLE}: a good hive file (manager, coder, reviewer)\n")


def test_a_file_of_another_kind_than_given_is_refused(run: Run, rendered: Path) -> None:
    result = run("check-config", "--kind", "broker", rendered / "harness.json")
    assert result.code == 1
    assert f"hyperhive: config_invalid: {rendered}/harness.json: runtime: Field required\n" in result.err


@pytest.mark.parametrize("kind", ["hive", "broker", "harness"])
def test_a_pattern_that_cannot_work_is_named_with_its_key(run: Run, rendered: Path, kind: str) -> None:
    source = {"hive": EXAMPLE, "broker": rendered / "broker.json", "harness": rendered / "harness.json"}[kind]
    path = rendered / f"bad{source.suffix}"
    path.write_text(source.read_text().replace("pytest *", ""))
    key = "agent.bash.2" if kind == "harness" else "agents.coder.bash.2"
    result = run("check-config", path)
    assert result.code == 1
    assert f"{path}: {key}: " in result.err


def test_a_pattern_with_two_lines_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hive.toml"
    path.write_text('[agents.ada]\nbash = ["git *", "ls\\nrm"]\n')
    result = run("check-config", path)
    assert result.code == 1
    assert result.err.startswith(f"hyperhive: config_invalid: {path}: agents.ada.bash.1: ")
    assert result.err.endswith("(value: 'ls\\nrm')\n")


@pytest.mark.parametrize(
    ("table", "line", "reason"),
    [
        (
            "agents.ada.mcp_servers.own",
            'command = "x"\nenv = { A = "a\\u0000b" }',
            "env.A: must not contain the character U+0000",
        ),
        (
            "agents.ada.mcp_servers.own",
            'command = "x"\nargs = ["./a\\u0000b"]',
            "args.0: must not contain the character U+0000",
        ),
        ("claude", r'cli = "bin/\u0000"', "cli: must not contain the character U+0000"),
        ("claude", r'env = { A = "\u0000" }', "env.A: must not contain the character U+0000"),
        ("agents.ada", r'system_prompt = "\u0007"', "system_prompt: must not contain the character U+0007"),
        ("agents.ada", r'model = "a\nb"', "model: must not contain the character U+000A"),
        ("agents.ada", r'bash = ["git\u0000 *"]', "bash.0: must not contain the character U+0000"),
        ("credentials", r'key = { file = "a\u0000" }', "key: file must not contain the character U+0000"),
        (
            "retention",
            "stats_days = 9223372036854775807",
            "stats_days: Input should be less than or equal to",
        ),
        ("agents.ada.limits", "memory_mib = 1073741825", "memory_mib: Input should be less than or equal to"),
        ("agents.ada.budget", "turns_per_day = 1e3", "turns_per_day: Input should be a valid integer"),
    ],
)
def test_a_value_that_cannot_work_is_refused_with_its_key(
    run: Run, tmp_path: Path, table: str, line: str, reason: str
) -> None:
    path = tmp_path / "hive.toml"
    path.write_text(f"[{table}]\n{line}\n" + ("" if table.startswith("agents") else "[agents.ada]\n"))
    result = run("check-config", path)
    assert (result.code, result.out) == (1, "")
    assert f"hyperhive: config_invalid: {path}: {table}.{reason}" in result.err


WRONG = """
[retntion]
[dashboard]
prot = 7000
[agents.ada]
modle = "opus"
bash = ["git *", "ls\\nrm"]
allowed_recipients = ["bobb"]
[agents.bob]
role = "mangaer"
"""
#: Where WRONG is wrong, and what is meant.
MEANT = {
    "retntion": "retention",
    "dashboard.prot": "port",
    "agents.ada.modle": "model",
    "agents.ada.bash.1": None,
    "agents.ada.allowed_recipients.0": "bob",
    "agents.bob.role": "manager",
}


@pytest.mark.parametrize("command", [("check-config",), ("up", "--config")])
def test_every_mistake_of_a_file_is_told_at_once(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "hive.toml"
    path.write_text(WRONG)
    result = run(*command, path)
    assert (result.code, result.out) == (1, "")
    for key, meant in MEANT.items():
        [line] = [one for one in result.err.splitlines() if f"{path}: {key}: " in one]
        assert line.endswith(f"; did you mean {meant!r}?") == (meant is not None)
    assert len(result.err.splitlines()) == len(MEANT)


def test_mistakes_are_a_list_in_json(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hive.toml"
    path.write_text(WRONG)
    told = run("check-config", "--json", path).document["error"]["mistakes"]
    assert {one["key"] for one in told} == MEANT.keys()
    assert {
        "key": "agents.ada.modle",
        "reason": "Extra inputs are not permitted",
        "value": "'opus'",
        "hint": "did you mean 'model'?",
    } in told


def test_every_mistake_of_a_rendered_file_is_told_at_once(run: Run, rendered: Path) -> None:
    document = json.loads((rendered / "broker.json").read_text())
    document["runtime"] = "nixxos"
    document["retention"]["stats_days"] = -1
    document["agents"]["coder"] |= {
        "bash": ["git *", "ls\nrm"],
        "allowed_recipients": ["revewer"],
        "role": "manager",
    }
    (rendered / "broker.json").write_text(json.dumps(document))
    said = run("check-config", rendered / "broker.json").err
    assert {line.split(": ")[3] for line in said.splitlines()} == {
        "runtime",
        "retention.stats_days",
        "agents.coder.bash.1",
        "agents",
        "agents.coder.allowed_recipients.0",
    }
    assert "nobody is called 'revewer'; did you mean 'reviewer'?\n" in said


def test_agents_that_are_processes_may_have_names_that_share_a_range_of_users(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "hive.toml"
    path.write_text("[agents.agent-27]\n[agents.agent-60]\n")
    assert run("check-config", path).out == f"{path}: a good hive file (agent-27, agent-60)\n"


def test_a_byte_order_mark_hides_neither_a_good_file_nor_the_mistakes_of_another(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "hive.toml"
    path.write_text("[agents.ada]\n", encoding="utf-8-sig")
    assert run("check-config", path).out == f"{path}: a good hive file (ada)\n"
    path.write_text("[agents.ada]\nmodle = 'x'\n", encoding="utf-8-sig")
    assert f"{path}: agents.ada.modle: " in run("check-config", path).err


def test_tools_that_a_session_would_call_the_same_are_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hive.toml"
    server = 'command = "x"\nallowed_tools = ["files.read", "files_read"]\n'
    path.write_text(f"[agents.ada.mcp_servers.files]\n{server}")
    result = run("check-config", path)
    assert (result.code, "would both be called mcp__files__files_read" in result.err) == (1, True)


@pytest.mark.parametrize("text", ["port = " + "9" * 5000, "port = " + "[" * 5000])
def test_a_text_that_python_cannot_read_is_no_crash(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "hive.toml"
    path.write_text(f"[dashboard]\n{text}\n")
    result = run("check-config", path)
    assert result.code == 1
    assert result.err.startswith(f"hyperhive: config_invalid: {path}: is not TOML that Python can read: ")
    (tmp_path / "broker.json").write_text('{"a": ' + "[" * 100_000)
    assert "recursion limit exceeded" in run("check-config", tmp_path / "broker.json").err


def test_what_is_no_file_or_no_json_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert "cannot be read: No such file or directory" in run("check-config", tmp_path / "none.json").err
    assert "Invalid JSON" in run("check-config", tmp_path / "broken.json").err


def test_a_hive_brings_its_broker_and_a_rendered_file_no_hive(tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text("[agents.ada]")
    hive = load_hive_file(tmp_path / "hive.toml", tmp_path / "state")
    assert hive.broker.state_dir == str(tmp_path / "state")
    assert load_broker(tmp_path / "hive.toml", tmp_path / "state") == (hive.broker, hive)
    (tmp_path / "broker.json").write_text(hive.broker.model_dump_json())
    assert load_broker(tmp_path / "broker.json") == (hive.broker, None)


def test_one_agents_file_is_no_hive(tmp_path: Path) -> None:
    hive = parse_hive("[agents.ada]", Paths(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    path = tmp_path / "harness.json"
    path.write_text(hive.harnesses["ada"].model_dump_json())
    with pytest.raises(ConfigError, match=r"is one agent's harness\.json"):
        load_broker(path)


def test_a_file_without_form_counts_as_a_brokers(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ("[]", "{", "{}"):
        path.write_text(text)
        assert guess_kind(path) == "broker"
