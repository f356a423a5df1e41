import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import (
    BrokerConfig,
    HarnessConfig,
    load_broker_config,
    load_harness_config,
    schema,
)
from hyperhive.config.hive_file import CredentialSource, Paths, documented_keys, load_hive, parse_hive
from hyperhive.errors import ConfigError

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PATHS = Paths(Path("/state"), Path("/run/hive"), Path("/dashboard"))
MINIMAL = "[agents.ada]\n"
SCHEMAS = {
    name: model for kind in schema.MODELS for name, model in json.loads(schema.render(kind))["$defs"].items()
}


def parse(text: str) -> BrokerConfig:
    return parse_hive(text, PATHS, directory=Path("/hive")).broker


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.message


def documented(model: str) -> dict[str, Any]:
    """What the schemas say that the fields of a model are by default."""
    return {
        name: documented(field["$ref"].rpartition("/")[2]) if "$ref" in field else field["default"]
        for name, field in SCHEMAS[model]["properties"].items()
        if "$ref" in field or "default" in field
    }


def test_a_file_that_only_names_an_agent_gets_every_documented_default() -> None:
    hive = parse_hive(MINIMAL, PATHS, directory=Path("/hive"))
    agent = documented("AgentConfig") | {"name": "ada"}
    assert hive.broker.model_dump() == {
        "runtime": "process",
        "state_dir": "/state",
        "runtime_dir": "/run/hive",
        "dashboard_dir": "/dashboard",
        "listen": documented("ListenConfig"),
        "operator": documented("OperatorConfig"),
        "delivery": documented("DeliveryConfig"),
        "loop_breaker": documented("LoopBreakerConfig"),
        "retention": documented("RetentionConfig"),
        "notifications": {"ntfy": None},
        "agents": {"ada": agent},
    }
    assert {name: harness.model_dump() for name, harness in hive.harnesses.items()} == {
        "ada": {
            "agent": agent,
            "socket": "/run/hive/agents/ada/broker.sock",
            "state_dir": "/state/agents/ada/state",
            "operator": documented("OperatorConfig"),
            "claude": documented("ClaudeConfig") | {"home": "/state/agents/ada/home"},
        }
    }
    assert hive.credentials == {}


def test_what_is_rendered_loads_again_as_contract_files() -> None:
    hive = load_hive(EXAMPLES / "hive.toml", PATHS)
    assert BrokerConfig.model_validate_json(hive.broker.model_dump_json()) == hive.broker
    for harness in hive.harnesses.values():
        assert HarnessConfig.model_validate_json(harness.model_dump_json()) == harness


def test_the_example_hive_says_what_its_comments_say() -> None:
    hive = load_hive(EXAMPLES / "hive.toml", PATHS)
    assert {name: (agent.role, agent.model, agent.bash) for name, agent in hive.broker.agents.items()} == {
        "manager": ("manager", "opus", []),
        "coder": ("agent", "sonnet", ["git *", "python3 *", "pytest *", "ls *"]),
        "reviewer": ("agent", "haiku", ["git log *", "git diff *", "git show *"]),
    }
    assert hive.credentials == {"claude": CredentialSource(env="CLAUDE_CODE_OAUTH_TOKEN")}
    server = hive.broker.agents["reviewer"].mcp_servers["checklist"]
    assert server.args == [str(EXAMPLES / "checklist_server.py")]


def test_the_example_mcp_server_answers_over_stdio() -> None:
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "list_items", "arguments": {}},
        },
    ]
    done = subprocess.run(
        [sys.executable, EXAMPLES / "checklist_server.py"],
        input="".join(json.dumps(request) + "\n" for request in requests),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [1, 2]
    assert "covered by a test" in answers[1]["result"]["content"][0]["text"]


def test_defaults_apply_to_every_agent_and_yield_to_its_own_keys() -> None:
    agents = parse("""
        [defaults]
        model = "opus"
        bash = ["git *"]
        limits = { tasks = 64 }
        credentials = { A = "x" }
        [credentials]
        x = { env = "X" }
        [agents.ada]
        limits = { memory_mib = 512 }
        credentials = {}
        [agents.bob]
        bash = []
        model = "local"
    """).agents
    assert agents["ada"].bash == ["git *"]
    assert agents["bob"].bash == []
    ada = documented("LimitsConfig") | {"memory_mib": 512, "tasks": 64}
    assert agents["ada"].limits.model_dump() == ada
    assert agents["bob"].limits.tasks == 64
    assert (agents["ada"].credentials, agents["bob"].credentials) == ({}, {"A": "x"})
    assert agents["bob"].models == ["local", "sonnet", "opus", "haiku"]


def test_relative_paths_are_relative_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    hive = parse_hive(
        """
        [claude]
        cli = "bin/claude"
        [credentials]
        near = { file = "secrets/key" }
        home = { file = "~/key" }
        tls = { file = "/etc/key" }
        [dashboard]
        tls = { certificate = "cert.pem", key_credential = "tls" }
        [agents.ada.mcp_servers.own]
        command = "./server"
        args = ["../data", "plain/path", "-v"]
        [agents.ada.mcp_servers.found]
        command = "server"
        """,
        PATHS,
        directory=Path("/srv/hive"),
    )
    assert hive.credentials == {
        "near": CredentialSource(file="/srv/hive/secrets/key"),
        "home": CredentialSource(file="/home/op/key"),
        "tls": CredentialSource(file="/etc/key"),
    }
    assert hive.harnesses["ada"].claude.cli == "/srv/hive/bin/claude"
    assert hive.broker.listen.tls is not None
    assert hive.broker.listen.tls.certificate == "/srv/hive/cert.pem"
    servers = hive.broker.agents["ada"].mcp_servers
    assert (servers["own"].command, servers["own"].args) == (
        "/srv/hive/server",
        ["/srv/data", "plain/path", "-v"],
    )
    assert (servers["found"].command, servers["found"].allowed_tools) == ("server", ["*"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("agents = [", "hive.toml: is not TOML: Invalid value (at the end of line 1, column 11)"),
        ("[agents.ada]\nrole = \n", "hive.toml: is not TOML: Invalid value (at line 2, column 8)"),
        (
            "colour = 1\n" + MINIMAL,
            (
                "hive.toml: colour: is no section of a hive file (value: 1); known are operator, dashboard, "
                "defaults, claude, delivery, loop_breaker, retention, notifications, credentials, agents"
            ),
        ),
        ("operator = 1\n" + MINIMAL, "hive.toml: operator: must be a table (value: 1)"),
        ("", "hive.toml: agents: a hive needs at least one agent: [agents.NAME]"),
        ("[agents]\nada = 1", "hive.toml: agents.ada: must be a table (value: 1)"),
        (
            '[agents.ada]\nbsah = ["x"]',
            "hive.toml: agents.ada.bsah: Extra inputs are not permitted (value: ['x']); did you mean 'bash'?",
        ),
        (
            "[agents.ada]\nmodel = 3",
            "hive.toml: agents.ada.model: Input should be a valid string (value: 3)",
        ),
        ("[agents.ada]\nlimits = 3", "hive.toml: agents.ada.limits: must be a table (value: 3)"),
        (
            "[agents.ada.limits]\ncpus = 3",
            (
                "hive.toml: agents.ada.limits.cpus: Extra inputs are not permitted (value: 3); known are "
                "cpu_percent, memory_mib, disk_mib, tasks, broker"
            ),
        ),
        (
            "[agents.ada]\nmcp_servers = 3",
            "hive.toml: agents.ada.mcp_servers: must be a table (value: 3)",
        ),
        (
            "[agents.ada.mcp_servers]\nx = 3",
            "hive.toml: agents.ada.mcp_servers.x: must be a table (value: 3)",
        ),
        (
            "[agents.ada.mcp_servers.x]\nargs = []",
            "hive.toml: agents.ada.mcp_servers.x.command: Field required",
        ),
        ("[agents.ada]\nname = 'x'", "hive.toml: agents.ada.name: is the table's own name (value: 'x')"),
        (
            "[agents.ada]\nmodel = 'x'\nmodels = ['y']",
            "hive.toml: agents.ada.models: model 'x' is not among models ['y']",
        ),
        ("[agents.operator]", "hive.toml: agents.operator: name 'operator' is reserved"),
        (
            "[defaults]\nrole = 'manager'\n" + MINIMAL,
            "hive.toml: defaults.role: is each agent's own (value: 'manager')",
        ),
        (
            "[defaults]\ntols = []\n" + MINIMAL,
            "hive.toml: defaults.tols: Extra inputs are not permitted (value: []); did you mean 'tools'?",
        ),
        (
            "[dashboard]\nport = 70000\n" + MINIMAL,
            "hive.toml: dashboard.port: Input should be less than or equal to 65535 (value: 70000)",
        ),
        (
            "[dashboard]\nhost = '0.0.0.0'\n" + MINIMAL,
            (
                "hive.toml: dashboard.plain_remote: host '0.0.0.0' is beyond loopback: set tls, or waive it "
                "with plain_remote = true"
            ),
        ),
        (
            "[claude]\nhome = '/x'\n" + MINIMAL,
            "hive.toml: claude.home: is each agent's own directory and no setting (value: '/x')",
        ),
        (
            "[claude]\ncly = '/x'\n" + MINIMAL,
            "hive.toml: claude.cly: Extra inputs are not permitted (value: '/x'); did you mean 'cli'?",
        ),
        (
            "[agents.ada]\ncredentials = { A = 'x' }",
            "hive.toml: agents.ada.credentials.A: is not among [credentials] (value: 'x')",
        ),
        (
            "[operator]\npassword_credential = 'x'\n" + MINIMAL,
            "hive.toml: operator.password_credential: is not among [credentials] (value: 'x')",
        ),
        (
            "[notifications.ntfy]\nurl = 'https://ntfy.sh/hive'\ntoken_credential = 'x'\n" + MINIMAL,
            "hive.toml: notifications.ntfy.token_credential: is not among [credentials] (value: 'x')",
        ),
        (
            "[claude]\ncli = '~nobody-of-that-name/claude'\n" + MINIMAL,
            "hive.toml: claude.cli: nobody has such a home directory: '~nobody-of-that-name/claude'",
        ),
        ("[notifications.ntfy]\n" + MINIMAL, "hive.toml: notifications.ntfy.url: Field required"),
        (
            "[notifications]\nntfy = 'https://ntfy.sh/hive'\n" + MINIMAL,
            "hive.toml: notifications.ntfy: must be a table (value: 'https://ntfy.sh/hive')",
        ),
    ],
)
def test_a_mistake_names_file_key_and_value(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    "source", ["'sk-secret'", "{ value = 'sk-secret' }", "{ env = 'A', file = 'sk-secret' }", "{}"]
)
def test_a_secret_written_in_place_of_its_source_is_not_repeated(source: str) -> None:
    message = refusal(f"[credentials]\nkey = {source}\n" + MINIMAL)
    assert message.startswith('hive.toml: credentials.key: give { env = "VARIABLE" } or { file = "PATH" }')
    assert "sk-secret" not in message


def test_every_mistake_of_a_file_is_reported_at_once() -> None:
    message = refusal("[retention]\nmessages_days = -1\n[delivery]\nlease_seconds = 1\n" + MINIMAL)
    assert re.findall(r"hive\.toml: (\S+):", message) == ["delivery.lease_seconds", "retention.messages_days"]


#: Mistakes of every kind: an unknown word, a type, a bound, a choice, a pattern, and rules between tables.
WRONG = """
[dashbord]
port = 1
[dashboard]
port = 70000
host = "0.0.0.0"
[operator]
password_credential = "clode"
[credentials]
claude = { env = "TOKEN" }
[defaults]
modle = "opus"
allowed_recipients = ["revewer"]
[agents.manager]
[agents.coder]
rol = "agent"
role = "manger"
bash = ["git *", ""]
system_prompt = "a\\u0000b"
[agents.reviewer]
role = "manager"
modle = "haiku"
tools = []
allowed_recipients = ["codr"]
credentials = { TOKEN = "cla" }
[agents.all]
role = "manager"
"""
FOUND = {
    "dashbord": "is no section of a hive file (value: {'port': 1}); did you mean 'dashboard'?",
    "dashboard.port": "Input should be less than or equal to 65535 (value: 70000)",
    "dashboard.plain_remote": (
        "host '0.0.0.0' is beyond loopback: set tls, or waive it with plain_remote = true"
    ),
    "defaults.modle": "Extra inputs are not permitted (value: 'opus'); did you mean 'model'?",
    "agents.coder.rol": "Extra inputs are not permitted (value: 'agent'); did you mean 'role'?",
    "agents.coder.role": "Input should be 'agent' or 'manager' (value: 'manger'); did you mean 'manager'?",
    "agents.coder.bash.1": "String should have at least 1 character (value: '')",
    "agents.coder.system_prompt": "must not contain the character U+0000 (value: 'a\\x00b')",
    "agents.reviewer.modle": "Extra inputs are not permitted (value: 'haiku'); did you mean 'model'?",
    "agents": "more than one manager: all, reviewer",
    "agents.reviewer.allowed_recipients.0": "nobody is called 'codr'; did you mean 'coder'?",
    "defaults.allowed_recipients.0": "nobody is called 'revewer'; did you mean 'reviewer'?",
    "agents.manager": 'the agent called "manager" is the manager: set role = "manager"',
    "agents.all": "name 'all' is reserved",
    "agents.reviewer.credentials.TOKEN": "is not among [credentials] (value: 'cla'); did you mean 'claude'?",
    "operator.password_credential": "is not among [credentials] (value: 'clode'); did you mean 'claude'?",
}


def test_every_mistake_of_every_kind_is_told_once_with_what_may_be_meant() -> None:
    lines = refusal(WRONG).splitlines()
    assert dict(line.removeprefix("hive.toml: ").split(": ", 1) for line in lines) == FOUND
    assert len(lines) == len(FOUND)


def test_tools_that_a_session_cannot_tell_apart_are_told_beside_other_mistakes_of_their_server() -> None:
    said = refusal("""
        [agents.ada.mcp_servers.files]
        comand = "files"
        allowed_tools = ["files.read", "files_read"]
    """)
    assert set(re.findall(r"hive\.toml: agents\.ada\.mcp_servers\.files\.(\S+):", said)) == {
        "command",
        "comand",
        "allowed_tools",
    }


def test_a_word_of_the_nix_options_is_known() -> None:
    said = refusal("[agents.ada]\nallowedRecipients = []\nsystem-prompt = ''\n")
    assert re.findall(r"did you mean '(\w+)'", said) == ["allowed_recipients", "system_prompt"]


def test_what_comes_from_the_defaults_is_told_there_alone() -> None:
    said = refusal("""
        [defaults]
        limits = { cpus = 1, tasks = 1 }
        bash = [""]
        [agents.ada]
        [agents.bob.limits]
        tasks = 2
    """)
    assert set(re.findall(r"hive\.toml: (\S+):", said)) == {
        "defaults.bash.0",
        "defaults.limits.tasks",
        "defaults.limits.cpus",
        "agents.bob.limits.tasks",
    }
    assert len(said.splitlines()) == 4


def test_what_is_long_is_not_repeated_whole() -> None:
    long = "x" * 100_000
    said = refusal(f"[agents.ada]\nallowed_recipients = ['{long}']\nmodel = '{long}'\n{long} = '{long}'\n")
    assert 500 < len(said) < 4000


def test_a_file_full_of_mistakes_is_told_up_to_a_limit() -> None:
    lines = refusal(MINIMAL + "".join(f"x{number} = 1\n" for number in range(60))).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "hive.toml: and 10 more mistakes"


@pytest.mark.parametrize("wrong", ["1", "[]", "[[]]", "'x'", "{ a = 1 }", "{ a = [] }", "1979-05-27"])
@pytest.mark.parametrize("key", ["agents", "agents.ada", "agents.ada.allowed_recipients", "defaults"])
def test_a_table_of_another_form_hides_no_mistake(key: str, wrong: str) -> None:
    said = refusal(f"{key} = {wrong}\n[credentials.x]\nenv = 'X'\n[operator]\nprononus = 1\n")
    assert "operator.prononus: Extra inputs are not permitted (value: 1); did you mean 'pronouns'?" in said


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hive.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    hive = load_hive(path, PATHS)
    assert list(hive.broker.agents) == ["ada"]
    (tmp_path / "broker.json").write_text(hive.broker.model_dump_json(), encoding="utf-8-sig")
    (tmp_path / "harness.json").write_text(hive.harnesses["ada"].model_dump_json(), encoding="utf-8-sig")
    assert load_broker_config(tmp_path / "broker.json") == hive.broker
    assert load_harness_config(tmp_path / "harness.json") == hive.harnesses["ada"]


def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read: No such file or directory"):
        load_hive(tmp_path / "nowhere.toml", PATHS)
    (tmp_path / "hive.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_hive(tmp_path / "hive.toml", PATHS)


def test_the_example_server_can_be_run_as_a_program() -> None:
    assert os.access(EXAMPLES / "checklist_server.py", os.X_OK)


def test_the_documented_keys_are_a_hive_file_and_change_nothing() -> None:
    tables = documented_keys().split("\n\n")
    assert "[delivery]\nlease_seconds = 60" in tables
    assert (
        "[defaults.budget]\n# usd_cents_per_day: absent is no cap\n# turns_per_day: absent is no cap"
        in tables
    )
    # The others are there only when they are wanted, and have keys that must be given.
    always = [table for table in tables if "must be given" not in table]
    assert len(always) == len(tables) - 3
    assert parse("\n".join([*always, MINIMAL])) == parse(MINIMAL)
