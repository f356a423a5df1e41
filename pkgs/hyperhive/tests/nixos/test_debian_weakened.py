"""The renderings with one wall taken down that `make vm-test` expects to be noticed."""

import re
from typing import Any

import pytest

from tests.nixos import debian
from tests.nixos.expected import committed, difference
from tests.nixos.local_machine import SCENARIOS

if not debian.DIRECTORY.is_dir():
    pytest.skip(f"no {debian.DIRECTORY}", allow_module_level=True)

rendering: Any = debian.load("rendering")
weakened: Any = debian.load("weakened")

EACH = pytest.mark.parametrize("name", sorted(weakened.WEAKENINGS))


def changed(name: str) -> list[str]:
    """What a weakening takes away from its scenario's rendering (-) and puts there (+)."""
    weakening = weakened.WEAKENINGS[name]
    original = committed(rendering.of_test(weakening.scenario))
    files = original.copy()
    weakening.apply(files)
    lines = difference(original, files).splitlines()
    return [line for line in lines if re.match(r"[+-](?![+-])", line)]


@EACH
def test_a_weakening_is_caught_by_a_subtest_that_exists(name: str) -> None:
    weakening = weakened.WEAKENINGS[name]
    source = (SCENARIOS / f"{weakening.scenario}.py").read_text(encoding="utf-8")
    assert f'with subtest("{weakening.caught}"):' in source


def test_plain_root_is_the_host_s() -> None:
    lines = changed("plain_root")
    assert [line for line in lines if "PRIVATE_USERS=" in line and line[0] == "+"] == [
        "+PRIVATE_USERS=no"
    ] * 2
    assert not any("--private-users" in line for line in lines if line[0] == "+")


def test_a_container_in_the_host_s_network_has_no_link_of_its_own() -> None:
    lines = changed("host_network")
    assert sorted({re.sub(r"=.*", "", line) for line in lines}) == [
        "-HOST_ADDRESS",
        "-LOCAL_ADDRESS",
        "-PRIVATE_NETWORK",
    ]


def test_a_readable_database_takes_one_line_of_the_broker_s_unit() -> None:
    assert changed("readable_database") == [
        "+ExecStartPost=+/nix/store/coreutils/bin/chmod --recursive a+rX /var/lib/hyperhive/broker"
    ]


def test_a_weakening_that_finds_nothing_to_take_away_says_so() -> None:
    files = committed("vm-attacked")
    weakened.plain_root(files)
    with pytest.raises(weakened.UnchangedError, match="PRIVATE_USERS"):
        weakened.plain_root(files)
    with pytest.raises(weakened.UnchangedError, match="no file"):
        weakened.readable_database({})
