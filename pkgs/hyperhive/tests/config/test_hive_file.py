import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hyperhive.config import BrokerConfig, HarnessConfig
from hyperhive.config.hive_file import CredentialSource, Places, load_hive, parse_hive
from hyperhive.errors import ConfigError

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PLACES = Places(Path("/state"), Path("/run/hive"), Path("/dashboard"))
MINIMAL = "[agents.ada]\n"


def parse(text: str) -> BrokerConfig:
    return parse_hive(text, PLACES, directory=Path("/hive")).broker


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.message


def test_a_file_that_only_names_an_agent_gets_every_documented_default() -> None:
    hive = parse_hive(MINIMAL, PLACES, directory=Path("/hive"))
    agent = {
        "name": "ada",
        "role": "agent",
        "model": "sonnet",
        "models": ["sonnet", "opus", "haiku"],
        "system_prompt": "",
        "allowed_recipients": None,
        "bash": None,
        "tools": ["Bash", "Read", "Write", "Edit", "Glob", "Grep"],
        "mcp_servers": {},
        "notes": {"compact_above_bytes": 65536},
        "context": {"compact_above_percent": 80},
        "budget": {"usd_cents_per_day": None, "turns_per_day": None},
        "limits": {"cpu_percent": 200, "memory_mib": 4096, "disk_mib": 10240, "tasks": 1024},
        "credentials": {},
    }
    assert hive.broker.model_dump() == {
        "runtime": "process",
        "state_dir": "/state",
        "runtime_dir": "/run/hive",
        "dashboard_dir": "/dashboard",
        "listen": {
            "host": "127.0.0.1",
            "port": 7000,
            "host_names": ["127.0.0.1", "localhost", "[::1]"],
            "tls": None,
            "plain_remote": False,
        },
        "operator": {"pronouns": "they/them", "password_credential": None},
        "delivery": {"lease_seconds": 60},
        "loop_breaker": {"messages_per_minute": 30, "duplicates": 5, "ping_pong": 40},
        "retention": {"messages_days": 30, "events_days": 14, "stats_days": 90},
        "notifications": {"ntfy": None},
        "agents": {"ada": agent},
    }
    assert {name: harness.model_dump() for name, harness in hive.harnesses.items()} == {
        "ada": {
            "agent": agent,
            "socket": "/run/hive/agents/ada/broker.sock",
            "state_dir": "/state/agents/ada/state",
            "operator": {"pronouns": "they/them", "password_credential": None},
            "claude": {"cli": None, "home": "/state/agents/ada/home", "env": {}},
        }
    }
    assert hive.credentials == {}


def test_what_is_rendered_loads_again_as_contract_files() -> None:
    hive = load_hive(EXAMPLES / "hive.toml", PLACES)
    assert BrokerConfig.model_validate_json(hive.broker.model_dump_json()) == hive.broker
    for harness in hive.harnesses.values():
        assert HarnessConfig.model_validate_json(harness.model_dump_json()) == harness


def test_the_example_hive_says_what_its_comments_say() -> None:
    hive = load_hive(EXAMPLES / "hive.toml", PLACES)
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
    assert agents["ada"].limits.model_dump() == {
        "cpu_percent": 200,
        "memory_mib": 512,
        "disk_mib": 10240,
        "tasks": 64,
    }
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
        PLACES,
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
        ("agents = [", "hive.toml: is not TOML: Invalid value (at end of document)"),
        ("[agents.ada]\nrole = \n", "hive.toml: is not TOML: Invalid value (at line 2, column 8)"),
        ("colour = 1\n" + MINIMAL, "hive.toml: colour: is no section of a hive file (value: 1)"),
        ("operator = 1\n" + MINIMAL, "hive.toml: operator: must be a table (value: 1)"),
        ("", "hive.toml: agents: a hive needs at least one agent: [agents.NAME]"),
        ("[agents]\nada = 1", "hive.toml: agents.ada: must be a table (value: 1)"),
        (
            '[agents.ada]\nbsah = ["x"]',
            "hive.toml: agents.ada.bsah: Extra inputs are not permitted (value: ['x'])",
        ),
        (
            "[agents.ada]\nmodel = 3",
            "hive.toml: agents.ada.model: Input should be a valid string (value: 3)",
        ),
        ("[agents.ada]\nlimits = 3", "hive.toml: agents.ada.limits: must be a table (value: 3)"),
        (
            "[agents.ada.limits]\ncpus = 3",
            "hive.toml: agents.ada.limits.cpus: Extra inputs are not permitted (value: 3)",
        ),
        (
            "[agents.ada]\nmcp_servers = 3",
            "hive.toml: agents.ada.mcp_servers: Input should be a valid dictionary (value: 3)",
        ),
        (
            "[agents.ada.mcp_servers]\nx = 3",
            (
                "hive.toml: agents.ada.mcp_servers.x: Input should be a valid dictionary or instance of "
                "McpServerConfig (value: 3)"
            ),
        ),
        (
            "[agents.ada.mcp_servers.x]\nargs = []",
            "hive.toml: agents.ada.mcp_servers.x.command: Field required",
        ),
        ("[agents.ada]\nname = 'x'", "hive.toml: agents.ada.name: is the table's own name (value: 'x')"),
        (
            "[agents.ada]\nmodel = 'x'\nmodels = ['y']",
            "hive.toml: agents.ada: model 'x' is not among models ['y']",
        ),
        ("[agents.operator]", "hive.toml: agents.operator: name 'operator' is reserved"),
        (
            "[defaults]\nrole = 'manager'\n" + MINIMAL,
            "hive.toml: defaults.role: is each agent's own (value: 'manager')",
        ),
        (
            "[defaults]\ntols = []\n" + MINIMAL,
            "hive.toml: defaults.tols: Extra inputs are not permitted (value: [])",
        ),
        (
            "[dashboard]\nport = 70000\n" + MINIMAL,
            "hive.toml: dashboard.port: Input should be less than or equal to 65535 (value: 70000)",
        ),
        (
            "[dashboard]\nhost = '0.0.0.0'\n" + MINIMAL,
            (
                "hive.toml: (whole file): dashboard.host '0.0.0.0' is beyond loopback: set dashboard.tls, or "
                "waive it with dashboard.plain_remote"
            ),
        ),
        (
            "[claude]\nhome = '/x'\n" + MINIMAL,
            "hive.toml: claude.home: is each agent's own directory and no setting (value: '/x')",
        ),
        (
            "[claude]\ncly = '/x'\n" + MINIMAL,
            "hive.toml: claude.cly: Extra inputs are not permitted (value: '/x')",
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
        ("[notifications.ntfy]\n" + MINIMAL, "hive.toml: notifications.ntfy.url: Field required"),
        (
            "[notifications]\nntfy = 'https://ntfy.sh/hive'\n" + MINIMAL,
            (
                "hive.toml: notifications.ntfy: Input should be a valid dictionary or instance of NtfyConfig "
                "(value: 'https://ntfy.sh/hive')"
            ),
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


def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read: No such file or directory"):
        load_hive(tmp_path / "nowhere.toml", PLACES)
    (tmp_path / "hive.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_hive(tmp_path / "hive.toml", PLACES)


def test_the_example_server_can_be_run_as_a_program() -> None:
    assert os.access(EXAMPLES / "checklist_server.py", os.X_OK)
