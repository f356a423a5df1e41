"""The doctor without HTTP: what it finds wrong with the broker's own files, and how often it looks."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hyperhive.config import BrokerConfig, uid_base
from hyperhive.domain.passwords import hash_password
from hyperhive.protocol.doctor import Check, CheckOutcome
from hyperhive.services.doctor import Doctor
from hyperhive.services.selftest import SelfTests
from hyperhive.services.witness import Witness
from hyperhive.store import integrity
from hyperhive.system.supervisor import Supervised
from tests.conftest import Clock
from tests.services.conftest import Core

MakeDoctor = Callable[..., Doctor]


@pytest.fixture
def doctor(core: Core, clock: Clock, hive_config: Callable[..., BrokerConfig], tmp_path: Path) -> MakeDoctor:
    def make(**fields: object) -> Doctor:
        config = hive_config(**fields)
        selftests = SelfTests(
            core.agents,
            Witness(config, Supervised(config.agents, tmp_path / "s")),
            lambda _name, _frame: None,
            clock,
            contained=False,
            dashboard_port=lambda: 7000,
            hidden=[],
        )
        return Doctor(config, core.db, core.agents, selftests, clock, tmp_path / "subuid")

    return make


async def found(doctor: Doctor) -> dict[str, Check]:
    """The checks of machine and broker, by name."""
    return {check.name: check for check in (await doctor.diagnose()).checks if not check.about}


async def test_the_machine_and_the_broker_come_first_and_then_every_agent(doctor: MakeDoctor) -> None:
    diagnosis = await doctor().diagnose()
    about = [check.about for check in diagnosis.checks]
    assert about == [*[""] * 7, *["alice"] * 2, *["bob"] * 2, *["boss"] * 2]
    names = [check.name for check in diagnosis.checks if not check.about]
    assert names == ["python", "state directory", "open sockets", "dashboard", "disk", "clock", "database"]
    assert diagnosis.ok is all(check.outcome is not CheckOutcome.FAILED for check in diagnosis.checks)


async def test_a_socket_that_nobody_listens_on_is_named(doctor: MakeDoctor, tmp_path: Path) -> None:
    check = (await found(doctor()))["open sockets"]
    path = tmp_path / "run" / "admin.sock"
    assert (check.found, check.command) == (
        f"{path} does not answer: No such file or directory",
        f"ls -l {path}",
    )


async def test_a_database_that_is_damaged_is_failed_and_a_slow_one_is_skipped(
    doctor: MakeDoctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await found(doctor()))["database"].outcome is CheckOutcome.OK
    monkeypatch.setattr(integrity, "quick_check", lambda _connection, _seconds: "wrong # of entries")
    damaged = (await found(doctor()))["database"]
    assert damaged.outcome is CheckOutcome.FAILED
    assert damaged.found.endswith("wrong # of entries")
    monkeypatch.setattr(integrity, "quick_check", lambda _connection, _seconds: None)
    assert (await found(doctor()))["database"].outcome is CheckOutcome.SKIPPED


async def test_a_password_that_is_missing_or_no_hash_is_named_without_repeating_it(
    doctor: MakeDoctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    made = doctor(operator={"pronouns": "they/them", "password_credential": "pw"})
    assert "there is no file" in (await found(made))["password"].found
    (tmp_path / "pw").write_text("hunter2")
    no_hash = (await found(made))["password"]
    assert (no_hash.outcome, no_hash.command) == (CheckOutcome.FAILED, "hyperhive hash-password")
    assert "hunter2" not in no_hash.found
    (tmp_path / "pw").write_text(hash_password("hunter2", b"0" * 16))
    assert (await found(made))["password"].outcome is CheckOutcome.OK


async def test_a_certificate_that_is_not_there_is_named(
    doctor: MakeDoctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "key").touch()
    listen = {
        "host": "127.0.0.1",
        "port": 0,
        "host_names": ["localhost"],
        "tls": {"certificate": "/none/cert.pem", "key_credential": "key"},
        "plain_remote": False,
    }
    check = (await found(doctor(listen=listen)))["certificate"]
    assert (check.outcome, check.option) == (CheckOutcome.FAILED, "[dashboard] tls")
    assert check.found.startswith("/none/cert.pem: ")


async def test_on_nixos_the_uids_of_containers_are_looked_up(doctor: MakeDoctor, tmp_path: Path) -> None:
    (tmp_path / "subuid").write_text(f"# x\neve:{uid_base('bob')}:1\nbroken:x:y\nshort:1\n")
    check = (await found(doctor(runtime="nixos")))["uid ranges"]
    assert check.found == "/etc/subuid gives eve uids of bob"


async def test_whoever_asks_while_it_looks_gets_a_look_that_began_later(
    doctor: MakeDoctor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(_connection: object, _seconds: float) -> str:
        looks.append(clock.now)
        clock.advance(1)
        return "ok"

    monkeypatch.setattr(integrity, "quick_check", look)
    made = doctor()
    first = made.diagnose()
    await asyncio.gather(first, *(made.diagnose() for _ in range(5)))
    assert len(looks) <= 2
    await made.diagnose()
    assert len(looks) <= 3
