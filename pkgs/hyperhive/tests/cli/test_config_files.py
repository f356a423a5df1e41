from pathlib import Path

import pytest

from hyperhive.cli.config_files import guess_kind, load_broker, load_hive_file
from hyperhive.config.hive_file import Places, parse_hive
from hyperhive.errors import ConfigError


def test_a_hive_brings_its_broker_and_a_rendered_file_no_hive(tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text("[agents.ada]")
    hive = load_hive_file(tmp_path / "hive.toml", tmp_path / "state")
    assert hive.broker.state_dir == str(tmp_path / "state")
    assert load_broker(tmp_path / "hive.toml", tmp_path / "state") == (hive.broker, hive)
    (tmp_path / "broker.json").write_text(hive.broker.model_dump_json())
    assert load_broker(tmp_path / "broker.json") == (hive.broker, None)


def test_one_agents_file_is_no_hive(tmp_path: Path) -> None:
    hive = parse_hive("[agents.ada]", Places(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    path = tmp_path / "harness.json"
    path.write_text(hive.harnesses["ada"].model_dump_json())
    with pytest.raises(ConfigError, match=r"is one agent's harness\.json"):
        load_broker(path)


def test_a_file_without_form_counts_as_a_brokers(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ("[]", "{", "{}"):
        path.write_text(text)
        assert guess_kind(path) == "broker"
