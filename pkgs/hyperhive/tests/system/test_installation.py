from pathlib import Path

from hyperhive.system import installation

PROJECT = Path(__file__).parent.parent.parent


def test_a_checkout_uses_its_own_files() -> None:
    assert installation.dashboard_dir() == PROJECT / "dashboard"
    assert installation.examples_dir() == PROJECT / "examples"
    assert installation.contract_dir() == PROJECT / "contract"
    assert (installation.examples_dir() / "hive.toml").is_file()
