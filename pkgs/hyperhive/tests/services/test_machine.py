import sys
from pathlib import Path

import pytest

from hyperhive.protocol.doctor import Check, CheckOutcome
from hyperhive.services import machine


def failure(check: Check) -> tuple[str, str, str]:
    """What a failed check tells; every part of it must say something."""
    assert check.outcome is CheckOutcome.FAILED
    assert "" not in (check.found, check.option, check.command)
    return check.found, check.option, check.command


def test_a_python_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert failure(machine.check_python())[0] == "3.10.1 is not supported"


def test_a_state_directory_that_cannot_be_written_is_named() -> None:
    found, option, command = failure(machine.check_state_dir(Path("/proc/none"), "--state-dir"))
    assert found.startswith("/proc cannot be written: ")
    assert (option, command) == ("--state-dir", "ls -ld /proc")


def test_a_dashboard_without_its_modules_names_the_command_that_gets_them(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    assert failure(machine.check_dashboard(tmp_path, "dashboard_dir", "make vendor")) == (
        f"{tmp_path} lacks index.html",
        "dashboard_dir",
        "make vendor",
    )
    (tmp_path / "index.html").touch()
    assert failure(machine.check_dashboard(tmp_path, "dashboard_dir", "make vendor"))[0] == (
        f"{tmp_path} lacks vendor/*.js"
    )


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_DISK_BYTES", 1 << 60)
    assert " MiB free at " in failure(machine.check_disk(tmp_path / "not" / "there", "--state-dir"))[0]


@pytest.mark.parametrize("now", [0.0, 1e12])
def test_a_clock_that_cannot_be_right_is_named(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    monkeypatch.setattr(machine.time, "time", lambda: now)
    assert failure(machine.check_clock())[0].startswith("shows ")


def test_a_directory_without_sockets_and_a_socket_without_a_listener_raise(tmp_path: Path) -> None:
    machine.try_new_socket(tmp_path)
    with pytest.raises(OSError):
        machine.try_new_socket(Path("/proc"))
    with pytest.raises(FileNotFoundError):
        machine.try_socket(tmp_path / "none")
