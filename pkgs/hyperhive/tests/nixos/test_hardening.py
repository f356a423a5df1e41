"""The hardening of the host's units, as systemd itself judges it."""

import functools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.nixos import nix

nix.need_tree()

#: What a unit has otherwise than `modules/hardening.nix` says; its module gives the reasons.
RELAXED: Final = {
    "hyperhive": {"RestrictAddressFamilies"},
    "hyperhive-network": {"RestrictAddressFamilies", "CapabilityBoundingSet"},
    "hyperhive-disk-alice": {"CapabilityBoundingSet"},
}


@functools.cache
def unit(hive: str, name: str) -> str:
    return str(nix.hives(f'hives.{hive}.files."host/units/{name}.service"'))


def assignments(text: str) -> list[str]:
    """The lines of a unit that say something, but for comments."""
    return [line for line in text.splitlines() if re.match(r"[A-Z]\w*=", line)]


def written(value: Any) -> list[str]:
    """A value of Nix as NixOS writes it into a unit, a line each."""
    if isinstance(value, list):
        return [text for one in value for text in written(one)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


@pytest.mark.parametrize("name", sorted(RELAXED))
def test_a_unit_differs_from_the_shared_hardening_in_a_few_things_only(name: str) -> None:
    shared = nix.evaluate(nix.MODULES / "hardening.nix")
    found = assignments(unit("full", name))
    differing = {
        key
        for key, value in shared.items()
        if [line for line in found if line.startswith(f"{key}=")]
        != [f"{key}={text}" for text in written(value)]
    }
    assert differing == RELAXED[name]


@pytest.mark.parametrize("hive", ["minimal", "full"])
def test_the_broker_sees_the_uids_that_containers_have_on_the_host(hive: str) -> None:
    assert not [line for line in assignments(unit(hive, "hyperhive")) if line.startswith("PrivateUsers=")]


@pytest.mark.parametrize("hive", ["minimal", "full"])
@pytest.mark.parametrize("name", sorted(RELAXED))
def test_systemd_calls_the_exposure_two_or_less(hive: str, name: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze: install systemd")
    path = tmp_path / f"{name}.service"
    path.write_text("\n".join(["[Service]", *assignments(unit(hive, name))]))
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd-analyze is older than 250: it judges running units only")
    assert "Overall exposure level" in done.stdout
    assert done.returncode == 0, done.stdout
