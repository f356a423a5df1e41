from pathlib import Path

import pytest

from hyperhive.system import installation

PROJECT = Path(__file__).parent.parent.parent


def test_a_checkout_uses_its_own_files() -> None:
    assert installation.dashboard_dir() == PROJECT / "dashboard"
    assert installation.examples_dir() == PROJECT / "examples"
    assert installation.contract_dir() == PROJECT / "contract"
    assert (installation.examples_dir() / "hive.toml").is_file()


def test_without_the_sdks_own_claude_the_first_in_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = installation.bundled_claude()
    assert bundled is not None
    assert bundled.is_file()
    monkeypatch.setattr(installation, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installation.bundled_claude() is None
    (tmp_path / "claude").touch(mode=0o755)
    assert installation.bundled_claude() == tmp_path / "claude"
