"""What makes a Debian the machine of a VM test, tried on an empty directory; the VM tests try the rest."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.nixos import debian, expected, nix

GUEST: Final = debian.DIRECTORY / "guest"
TESTS: Final = nix.ROOT / "nixos-tests"
NAMES: Final = sorted(path.stem for path in expected.VM.glob("*.nix"))

pytestmark = pytest.mark.skipif(not GUEST.is_dir(), reason=f"no VM tests in {nix.ROOT}")


def on_the_disk() -> set[str]:
    """Names in /nix/store of the disk that the machine boots from."""
    return {"hyperhive", "claude-code", *debian.load("software")._DEBIAN}


class Recorder:
    """A machine that keeps what is copied to it and is ready for everything.

    Args:
        directory: Where the copy goes; not there yet.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_arguments: None

    def copy_from_host(self, source: str, _target: str) -> None:
        shutil.copytree(source, self._directory)


def source(directory: Path, scenario: str) -> Path:
    """What the installer is given."""
    debian.load("parts").Part(scenario, scenario).hive().install(Recorder(directory))
    return directory


def rendered(scenario: str) -> dict[str, str]:
    """Path -> text of what the module renders for a scenario, and what its model says."""
    script = (TESTS / "scenarios" / f"{scenario}.toml").read_text("utf-8")
    files = expected.committed(debian.load("rendering").of_test(scenario))
    return {**files, "host/etc/scripted-model.toml": script}


def disk(directory: Path) -> Path:
    """A file system with the packages of the disk, each empty."""
    for name in on_the_disk():
        (directory / "nix/store" / name).mkdir(parents=True)
    return directory


def install(given: Path, root: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-B", GUEST / "install.py", given, "--root", root],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def installed(tmp_path: Path, scenario: str) -> Path:
    """The root of a file system that has become the machine's."""
    root = disk(tmp_path / "root")
    debian.load("guest.install").Guest(root, source(tmp_path / "given", scenario)).put()
    return root


def links(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): str(path.readlink())
        for path in root.rglob("*")
        if path.is_symlink()
    }


def test_what_differs_from_nixos_is_less_than_a_hundred_lines() -> None:
    lines = [line for file in (GUEST / "shim").iterdir() for line in file.read_text("utf-8").splitlines()]
    assert len(lines) < 100


@pytest.mark.parametrize("script", ["container", "init"])
def test_a_script_is_one_that_bash_can_read_and_may_run(script: str) -> None:
    path = GUEST / "shim" / script
    assert os.access(path, os.X_OK)
    done = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False, timeout=10)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("scenario", NAMES)
def test_every_rendered_file_is_installed_byte_for_byte(scenario: str, tmp_path: Path) -> None:
    root = installed(tmp_path, scenario)
    files = rendered(scenario)
    elsewhere = {
        "host/polkit.rules": "etc/polkit-1/rules.d/10-hyperhive.rules",
        "host/tmpfiles.conf": "etc/tmpfiles.d/hyperhive.conf",
        "host/hyperhive.nft": "nix/store/hyperhive.nft",
    }

    def home(path: str) -> str:
        path = re.sub(r"^containers/([^/]+)/", r"nix/store/nixos-system-\1/", path)
        path = elsewhere.get(path, path).removeprefix("host/")
        return re.sub(r"(^|/)units/", r"\1etc/systemd/system/", path)

    wanted = {
        home(path): text
        for path, text in files.items()
        # Read by the installer; scripts get a first line.
        if not path.endswith(("host.json", "inside.json", "settings.json")) and "/scripts/" not in path
    }
    assert {path: (root / path).read_text("utf-8") for path in wanted} == wanted
    scripts = [text for path, text in files.items() if "/scripts/" in path]
    written = [path.read_text("utf-8") for path in root.glob("nix/store/unit-script-*/bin/*")]
    assert sorted(written) == sorted(f"#!/bin/bash\nset -e\n{text}" for text in scripts)


@pytest.mark.parametrize("scenario", NAMES)
def test_every_program_that_a_unit_calls_is_there(scenario: str, tmp_path: Path) -> None:
    root = installed(tmp_path, scenario)
    called = set()
    for path, unit in rendered(scenario).items():
        if "/units/" in path:
            called |= set(re.findall(r"^Exec\w+=(/nix/store/\S+)", unit, re.MULTILINE))
    assert called
    for program in called:
        path = root / program.lstrip("/")
        assert path.parents[1].name in on_the_disk() or os.access(path, os.X_OK)


def test_units_are_wanted_by_what_nixos_has_them_wanted_by(tmp_path: Path) -> None:
    system = (
        "nix/store/nixos-system-h-{}/etc/systemd/system/multi-user.target.wants/hyperhive-harness.service"
    )
    units = "etc/systemd/system"
    agents = ("alice", "bob", "manager")
    assert links(installed(tmp_path, "messages")) == {
        **{
            f"{units}/machines.target.wants/container@h-{agent}.service": f"/{units}/container@.service"
            for agent in agents
        },
        **{
            f"{units}/machines.target.wants/{mount}": f"../{mount}"
            for agent in agents
            for mount in (
                f"var-lib-hyperhive-agents-{agent}.mount",
                rf"var-lib-nixos\x2dcontainers-h\x2d{agent}.mount",
            )
        },
        f"{units}/multi-user.target.wants/hyperhive-network.service": "../hyperhive-network.service",
        f"{units}/multi-user.target.wants/hyperhive.service": "../hyperhive.service",
        f"{units}/multi-user.target.wants/machines.target": "/usr/lib/systemd/system/machines.target",
        f"{units}/multi-user.target.wants/scripted-model.service": "../scripted-model.service",
        f"{units}/sockets.target.wants/nix-daemon.socket": "../nix-daemon.socket",
        **{system.format(agent): "../hyperhive-harness.service" for agent in agents},
    }


def test_users_settings_and_names_become_files_that_debian_reads(tmp_path: Path) -> None:
    root = installed(tmp_path, "boot")
    inside = root / "nix/store/nixos-system-h-alice/etc"
    read = {
        path.name: path.read_text("utf-8").splitlines()
        for path in (
            root / "etc/sysusers.d/hyperhive.conf",
            root / "etc/sysctl.d/60-nixos.conf",
            root / "etc/systemd/system/container@h-alice.service.d/nixos.conf",
            inside / "hostname",
            inside / "resolv.conf",
        )
    }
    assert read == {
        "hyperhive.conf": ["g hyperhive -", "u hyperhive -:hyperhive - /var/empty"],
        "60-nixos.conf": ["net.ipv4.conf.all.forwarding = 1", "net.ipv4.conf.default.forwarding = 1"],
        "nixos.conf": ["[Service]", "TimeoutStartSec=5min"],
        "hostname": ["h-alice"],
        "resolv.conf": ["nameserver 9.9.9.9", "nameserver 1.1.1.1"],
    }


def test_a_container_that_does_not_start_by_itself_is_wanted_by_nothing(tmp_path: Path) -> None:
    given = source(tmp_path / "given", "messages")
    conf = given / "machine/host/etc/nixos-containers/h-bob.conf"
    conf.write_text(conf.read_text("utf-8").replace("AUTO_START=1\n", ""))
    root = disk(tmp_path / "root")
    assert install(given, root).returncode == 0
    wants = root / "etc/systemd/system/machines.target.wants"
    assert sorted(path.name for path in wants.glob("container@*")) == [
        "container@h-alice.service",
        "container@h-manager.service",
    ]


def test_a_store_path_that_is_nowhere_stops_the_installation(tmp_path: Path) -> None:
    given = source(tmp_path / "given", "messages")
    root = disk(tmp_path / "root")
    (root / "nix/store/git").rmdir()
    (given / "lib/stock_server.py").unlink()
    done = install(given, root)
    assert (done.returncode, done.stderr) == (
        1,
        "install: not in the machine's /nix/store: git, stock_server.py\n",
    )
