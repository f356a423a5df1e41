import json
from pathlib import Path

import pytest

from hyperhive.config import (
    UID_FIRST,
    UID_RANGE,
    UID_RANGES,
    load_broker_config,
    load_harness_config,
    uid_base,
)
from hyperhive.errors import ConfigError
from tests.conftest import HiveConfig, mcp_server


def refusal(build: HiveConfig, path: Path, key: str, value: object) -> str:
    """What the loader says to a hive in which the dotted `key` has another value."""
    document = build().model_dump()
    parent = document
    *parts, last = key.split(".")
    for part in parts:
        parent = parent[part]
    parent[last] = value
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError) as caught:
        load_broker_config(path)
    return caught.value.message.removeprefix(f"{path}: ")


def test_a_rendered_file_loads_as_what_it_was(hive_config: HiveConfig, tmp_path: Path) -> None:
    config = hive_config()
    (tmp_path / "broker.json").write_text(config.model_dump_json())
    assert load_broker_config(tmp_path / "broker.json") == config


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "colour",
            1,
            (
                "colour: Extra inputs are not permitted (value: 1); known are runtime, state_dir, "
                "runtime_dir, dashboard_dir, listen, operator, delivery, loop_breaker, retention, "
                "notifications, agents"
            ),
        ),
        ("state_dir", "here", "state_dir: String should match pattern '^/' (value: 'here')"),
        ("listen.port", "80", "listen.port: Input should be a valid integer (value: '80')"),
        ("agents.bob.name", "bill", "agents.bob.name: is 'bill', but its key is 'bob'"),
        ("agents.bob.role", "manager", "agents: more than one manager: bob, boss"),
        (
            "agents.bob.allowed_recipients",
            ["eve"],
            (
                "agents.bob.allowed_recipients.0: nobody is called 'eve'; "
                "known are boss, alice, bob, manager, operator"
            ),
        ),
        ("agents.bob.model", "other", "agents.bob.models: model 'other' is not among models ['claude-test']"),
        (
            "agents.bob.mcp_servers",
            {"hyperhive": mcp_server()},
            "agents.bob.mcp_servers.hyperhive.[key]: the name is taken by hyperhive's own tools",
        ),
        (
            "agents.bob.mcp_servers",
            {"orders__old": mcp_server()},
            (
                "agents.bob.mcp_servers.orders__old.[key]: two underscores part a server from its tool: "
                "have no two in a row and none at the end"
            ),
        ),
        (
            "agents.bob.mcp_servers",
            {"o": mcp_server("files.read", "files_read")},
            (
                "agents.bob.mcp_servers.o.allowed_tools: o: 'files.read' and 'files_read' would both be "
                "called mcp__o__files_read; allow one of them"
            ),
        ),
    ],
)
def test_a_mistake_names_key_and_value(
    hive_config: HiveConfig, tmp_path: Path, key: str, value: object, message: str
) -> None:
    assert refusal(hive_config, tmp_path / "broker.json", key, value) == message


def test_listening_beyond_loopback_needs_tls_or_a_waiver(hive_config: HiveConfig, tmp_path: Path) -> None:
    said = refusal(hive_config, tmp_path / "broker.json", "listen.host", "0.0.0.0")
    assert said.startswith("listen.plain_remote: host '0.0.0.0' is beyond loopback: set tls")
    listen = hive_config().listen.model_dump() | {"host": "0.0.0.0", "plain_remote": True}
    assert hive_config(listen=listen).listen.plain_remote


def test_a_file_that_is_missing_or_no_json_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json: cannot be read: No such file"):
        load_harness_config(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ConfigError, match="Invalid JSON"):
        load_broker_config(tmp_path / "broken.json")


def test_uid_ranges_are_stable_and_inside_of_the_block() -> None:
    # The Nix module computes the same numbers; changing them would disown every agent's files.
    assert [uid_base(name) for name in ("a", "coder", "manager")] == [1880817664, 2000945152, 2068709376]
    for number in range(200):
        base = uid_base(f"agent-{number}")
        assert UID_FIRST <= base < UID_FIRST + UID_RANGE * UID_RANGES
        assert (base - UID_FIRST) % UID_RANGE == 0


def test_two_agents_with_one_uid_range_are_refused(hive_config: HiveConfig) -> None:
    names: dict[int, str] = {}
    first = second = ""
    for number in range(UID_RANGES + 1):
        name = f"agent-{number}"
        first, second = names.setdefault(uid_base(name), name), name
        if first != second:
            break
    with pytest.raises(ValueError, match=f"'{first}' and '{second}' share one uid range"):
        hive_config({first: {}, second: {}}, runtime="nixos")
    # Where agents are processes of one user there are no ranges that could clash.
    assert list(hive_config({first: {}, second: {}}).agents) == [first, second]
