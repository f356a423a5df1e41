"""The adapter of systemd, against a stand-in for the one program that cannot run here: tests/systemctl.py."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from hyperhive.errors import UnavailableError, UnitFailedError
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.system.units import Units, unit_of
from tests.systemctl import Systemctl

ALICE = "container@h-alice.service"
BOB = "container@h-bob.service"


@pytest.mark.parametrize("verb", list(Verb))
async def test_every_action_is_one_call_with_the_unit_and_no_password_prompt(
    systemctl: Systemctl, monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/none")
    monkeypatch.setenv("SECRET", "x")
    await Units().act(verb, "alice")
    assert systemctl.calls == [[verb.value, ALICE, "--no-ask-password"]]
    # The shell of the stand-in adds variables of its own.
    own = {name: value for name, value in systemctl.environment.items() if name not in {"PWD", "_", "SHLVL"}}
    assert own == {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "SYSTEMD_COLORS": "0",
        "SYSTEMD_IGNORE_CHROOT": "1",
    }


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f"Failed to start {ALICE}: Access denied", 4),
        (f"Failed to start {ALICE}: Interactive authentication required.", 1),
        (f"Failed to start {ALICE}: Unit {ALICE} not found.", 5),
        (f"Job for {ALICE} failed because the control process exited with error code.", 1),
        (f"Job for {ALICE} canceled.", 1),
    ],
)
async def test_a_refusal_names_the_unit_and_carries_systemctls_own_words(
    systemctl: Systemctl, words: str, code: int
) -> None:
    systemctl.play("start", f"printf '%s\\n' '{words}' 'See the log.' >&2; exit {code}")
    with pytest.raises(UnitFailedError) as caught:
        await Units().act(Verb.START, "alice")
    assert caught.value.message == f"systemctl start {ALICE}: {words} See the log."


async def test_a_silent_failure_tells_its_exit_code(systemctl: Systemctl) -> None:
    systemctl.play("stop", "exit 3")
    with pytest.raises(UnitFailedError, match=rf"^systemctl stop {ALICE}: ended with code 3$"):
        await Units().act(Verb.STOP, "alice")


async def test_an_action_that_takes_too_long_is_given_up_and_its_caller_ended(systemctl: Systemctl) -> None:
    systemctl.play("stop", f"echo $$ > {systemctl.bin}/pid; exec sleep 60")
    with pytest.raises(UnitFailedError, match=rf"^systemctl stop {ALICE} did not end within 0.5 seconds"):
        await Units(seconds=0.5).act(Verb.STOP, "alice")
    assert not _runs(int((systemctl.bin / "pid").read_text()))


async def test_a_cancelled_action_leaves_no_process_and_the_loop_goes_on_meanwhile(
    systemctl: Systemctl,
) -> None:
    pid = systemctl.bin / "pid"
    systemctl.play("start", f"echo $$ > {pid}; exec sleep 60")
    action = asyncio.ensure_future(Units().act(Verb.START, "alice"))
    deadline = time.monotonic() + 10
    while not (pid.exists() and pid.read_text()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    action.cancel()
    with pytest.raises(asyncio.CancelledError):
        await action
    assert not _runs(int(pid.read_text()))


async def test_every_unit_is_looked_at_in_one_call(systemctl: Systemctl) -> None:
    systemctl.unit("alice", "active", SubState="running")
    systemctl.unit("bob", "failed", SubState="failed", Result="exit-code", ExecMainStatus="7")
    found = await Units().status(["alice", "bob", "carol"])
    assert found == {
        "alice": UnitStatus(unit=ALICE, state=UnitState.RUNNING, reason=""),
        "bob": UnitStatus(
            unit=BOB,
            state=UnitState.FAILED,
            reason="exit-code: its main process ended with status 7",
        ),
        "carol": UnitStatus(
            unit="container@h-carol.service",
            state=UnitState.FAILED,
            reason="there is no unit container@h-carol.service",
        ),
    }
    properties = "--property=Id,LoadState,ActiveState,SubState,Result,ExecMainStatus"
    assert systemctl.calls == [["show", properties, ALICE, BOB, "container@h-carol.service"]]


@pytest.mark.parametrize(
    ("active", "properties", "state", "reason"),
    [
        ("inactive", {}, UnitState.STOPPED, ""),
        ("reloading", {}, UnitState.RUNNING, ""),
        ("activating", {"SubState": "start"}, UnitState.STARTING, ""),
        ("deactivating", {"SubState": "stop-sigterm"}, UnitState.STOPPING, ""),
        ("maintenance", {}, UnitState.UNKNOWN, ""),
        (
            "activating",
            {"SubState": "auto-restart", "Result": "signal", "ExecMainStatus": "9"},
            UnitState.RETRYING,
            "signal: its main process was killed by signal 9; starts again",
        ),
        (
            "failed",
            {"Result": "exit-code", "ExecMainStatus": "0"},
            UnitState.FAILED,
            "exit-code: a command before or after its main process failed",
        ),
        (
            "failed",
            {"Result": "start-limit-hit"},
            UnitState.FAILED,
            "start-limit-hit: it failed too often in a short time",
        ),
        ("failed", {"Result": "new-in-systemd-300"}, UnitState.FAILED, "new-in-systemd-300"),
        ("inactive", {"LoadState": "masked"}, UnitState.FAILED, f"systemd says masked of {ALICE}"),
    ],
)
async def test_systemds_words_become_a_state_and_a_reason(
    systemctl: Systemctl, active: str, properties: dict[str, str], state: UnitState, reason: str
) -> None:
    systemctl.unit("alice", active, **properties)
    found = await Units().status(["alice"])
    assert found == {"alice": UnitStatus(unit=ALICE, state=state, reason=reason)}


async def test_a_systemd_that_cannot_be_asked_is_said(systemctl: Systemctl) -> None:
    systemctl.play("show", "echo 'Failed to connect to bus: No such file or directory' >&2; exit 1")
    with pytest.raises(UnitFailedError, match=r"^systemctl show: Failed to connect to bus: No such file"):
        await Units().status(["alice"])


async def test_output_that_makes_no_sense_is_no_state(systemctl: Systemctl) -> None:
    systemctl.play("show", "echo nonsense; exit 0")
    found = await Units().status(["alice"])
    assert found == {
        "alice": UnitStatus(unit=ALICE, state=UnitState.UNKNOWN, reason=f"systemd says nothing of {ALICE}")
    }


async def test_a_machine_without_systemctl_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"^cannot run systemctl: No such file or directory$"):
        await Units().act(Verb.START, "alice")


async def test_a_hive_without_agents_asks_nothing(systemctl: Systemctl) -> None:
    assert (await Units().status([]), systemctl.calls) == ({}, [])


def test_the_unit_of_an_agent_is_its_containers() -> None:
    assert unit_of("alice") == ALICE


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_the_control_group_of_a_unit_is_systemds_word(systemctl: Systemctl) -> None:
    group = f"/machine.slice/{ALICE}"
    systemctl.unit("alice", "active", ControlGroup=group)
    systemctl.unit("bob", "inactive", ControlGroup="")
    units = Units()
    assert [await units.control_group(name) for name in ("alice", "bob")] == [group, None]
    assert systemctl.calls[0] == ["show", "--property=Id,ControlGroup", ALICE]
    systemctl.play("show", "echo 'no bus' >&2; exit 1")
    with pytest.raises(UnitFailedError, match="systemctl show: no bus"):
        await units.control_group("alice")
