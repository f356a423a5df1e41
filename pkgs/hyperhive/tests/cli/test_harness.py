from pathlib import Path

import pytest

from hyperhive.config.hive_file import Paths, parse_hive
from tests.cli.conftest import Run

HIVE = "[credentials]\nkey = { env = 'X' }\n[agents.ada.credentials]\nANTHROPIC_API_KEY = 'key'\n"


def test_a_wrong_file_is_said_with_its_key(run: Run, tmp_path: Path) -> None:
    (tmp_path / "harness.json").write_text('{"agent": 1}')
    result = run("harness", "--config", tmp_path / "harness.json")
    assert (result.code, result.out) == (1, "")
    assert f"hyperhive: config_invalid: {tmp_path}/harness.json: socket: Field required\n" in result.err


def test_a_credential_that_is_not_there_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    hive = parse_hive(HIVE, Paths(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    (tmp_path / "harness.json").write_text(hive.harnesses["ada"].model_dump_json())
    result = run("harness", "--config", tmp_path / "harness.json")
    assert (result.code, result.err) == (
        1,
        f"hyperhive: config_invalid: credential 'key': there is no file {tmp_path}/key\n",
    )
