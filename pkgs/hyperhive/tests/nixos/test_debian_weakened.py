"""The renderings with one wall taken down that `make vm-test` expects to be noticed."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.nixos import debian
from tests.nixos.expected import EXPECTED, difference
from tests.nixos.local_machine import SCENARIOS

if not debian.DIRECTORY.is_dir():
    pytest.skip(f"no {debian.DIRECTORY}", allow_module_level=True)

weakened: Any = debian.load("weakened")

EACH = pytest.mark.parametrize("name", sorted(weakened.WEAKENINGS))


def texts(directory: Path) -> dict[str, str]:
    """Path -> text of all files."""
    return {
        str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()
    }


def changed(name: str, directory: Path) -> list[str]:
    """What a weakening takes away from its scenario's rendering (-) and puts there (+)."""
    weakening = weakened.WEAKENINGS[name]
    original = EXPECTED / f"vm-{weakening.scenario}"
    copy = shutil.copytree(original, directory / "rendering")
    weakening.apply(copy)
    lines = difference(texts(original), texts(copy)).splitlines()
    return [line for line in lines if re.match(r"[+-](?![+-])", line)]


@EACH
def test_a_weakening_is_caught_by_a_subtest_that_exists(name: str) -> None:
    weakening = weakened.WEAKENINGS[name]
    source = (SCENARIOS / f"{weakening.scenario}.py").read_text(encoding="utf-8")
    assert f'with subtest("{weakening.caught}"):' in source


def test_plain_root_is_the_host_s(tmp_path: Path) -> None:
    lines = changed("plain_root", tmp_path)
    assert [line for line in lines if "PRIVATE_USERS=" in line and line[0] == "+"] == [
        "+PRIVATE_USERS=no"
    ] * 2
    assert not any("--private-users" in line for line in lines if line[0] == "+")


def test_a_container_in_the_host_s_network_has_no_link_of_its_own(tmp_path: Path) -> None:
    lines = changed("host_network", tmp_path)
    assert sorted({re.sub(r"=.*", "", line) for line in lines}) == [
        "-HOST_ADDRESS",
        "-LOCAL_ADDRESS",
        "-PRIVATE_NETWORK",
    ]


def test_a_readable_database_takes_one_line_of_the_broker_s_unit(tmp_path: Path) -> None:
    assert changed("readable_database", tmp_path) == [
        "+ExecStartPost=+/nix/store/coreutils/bin/chmod --recursive a+rX /var/lib/hyperhive/broker"
    ]


def test_a_weakening_that_finds_nothing_to_take_away_says_so(tmp_path: Path) -> None:
    copy = shutil.copytree(EXPECTED / "vm-isolation", tmp_path / "rendering")
    weakened.plain_root(copy)
    with pytest.raises(weakened.UnchangedError, match="PRIVATE_USERS"):
        weakened.plain_root(copy)
    with pytest.raises(weakened.UnchangedError, match="no file"):
        weakened.readable_database(tmp_path)
