"""The doctor: what the running broker sees of the machine, of itself and of its agents."""

import asyncio
import pwd
import sqlite3
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from hyperhive.config import BrokerConfig, TlsConfig
from hyperhive.domain import doctor as rules
from hyperhive.domain.passwords import check_hash
from hyperhive.errors import ConfigError
from hyperhive.protocol.doctor import Check, CheckOutcome, Diagnosis
from hyperhive.services import machine
from hyperhive.services.agents import Agents
from hyperhive.services.selftest import SelfTests
from hyperhive.store import integrity
from hyperhive.store.database import Database
from hyperhive.system.certificates import expiry
from hyperhive.system.credentials import credential_path, read_credential

#: How long the database is looked at.
_DATABASE_SECONDS: Final = 5.0
_MIB: Final = 1024 * 1024


class Doctor:
    """Checks everything that can be seen from the broker's place; changes nothing.

    Args:
        config: Where the broker's files are, and what runs agents.
        db: The open database.
        agents: How the agents are.
        selftests: What was last seen of their walls.
        clock: Seconds since 1970.
        subordinate_uids: The machine's ranges of uids that users may map.
    """

    def __init__(
        self,
        config: BrokerConfig,
        db: Database,
        agents: Agents,
        selftests: SelfTests,
        clock: Callable[[], float],
        subordinate_uids: Path = Path("/etc/subuid"),
    ) -> None:
        self._config = config
        self._db = db
        self._agents = agents
        self._selftests = selftests
        self._clock = clock
        self._subordinate_uids = subordinate_uids
        self._advice = rules.ADVICE[config.runtime]
        self._one_at_a_time = asyncio.Lock()
        self._last: Diagnosis | None = None

    async def diagnose(self) -> Diagnosis:
        """Run every check; callers that come meanwhile share one run that begins after they came."""
        asked = self._clock()
        async with self._one_at_a_time:
            if self._last is None or self._last.at <= asked:
                self._last = await self._diagnose()
            return self._last

    async def _diagnose(self) -> Diagnosis:
        began = self._clock()
        checks = await asyncio.to_thread(lambda: [check() for check in self._own_checks()])
        checks.append(await self._database())
        now = self._clock()
        for view in self._agents.views():
            test = self._selftests.view(view.name).last
            checks += rules.agent_checks(view, test, now, self._advice)
        return Diagnosis(
            at=began,
            seconds=max(0.0, self._clock() - began),
            ok=all(check.outcome is not CheckOutcome.FAILED for check in checks),
            checks=checks,
        )

    def _own_checks(self) -> Iterator[Callable[[], Check]]:
        """The checks that read files and sockets, to be run beside the event loop."""
        config, advice = self._config, self._advice
        state = Path(config.state_dir)
        yield machine.check_python
        yield partial(machine.check_state_dir, state, advice.state_dir)
        yield self._sockets
        yield partial(machine.check_dashboard, Path(config.dashboard_dir), advice.dashboard, advice.files)
        yield partial(machine.check_disk, state, advice.state_dir)
        yield machine.check_clock
        if config.operator.password_credential is not None:
            yield partial(self._password, config.operator.password_credential)
        if config.listen.tls is not None:
            yield partial(self._certificate, config.listen.tls)
        if config.runtime == "nixos":
            yield self._uid_ranges

    async def _database(self) -> Check:
        path = Path(self._config.state_dir) / "db" / "broker.sqlite"
        advice = f"sqlite3 {path} 'PRAGMA integrity_check'"
        try:
            size = await self._db.read(integrity.size)
            verdict = await self._db.read(integrity.quick_check, _DATABASE_SECONDS)
        except sqlite3.Error as error:
            return rules.failed("database", f"{path}: {error}", "a backup of the state directory", advice)
        found = f"{path}, {size / _MIB:.1f} MiB"
        if verdict is None:
            return rules.skipped("database", f"{found}: not looked at to its end in {_DATABASE_SECONDS:g} s")
        if verdict != "ok":
            return rules.failed("database", f"{found}: {verdict}", "a backup of the state directory", advice)
        return rules.ok("database", f"{found}, no fault")

    def _sockets(self) -> Check:
        directory = Path(self._config.runtime_dir)
        paths = [directory / "agents" / name / "broker.sock" for name in self._config.agents]
        for path in (directory / "admin.sock", *paths):
            try:
                machine.try_socket(path)
            except OSError as error:
                found = f"{path} does not answer: {error.strerror or error}"
                return rules.failed("open sockets", found, self._advice.runtime_dir, f"ls -l {path}")
        return rules.ok("open sockets", f"{len(paths) + 1} below {directory} answer")

    def _password(self, credential: str) -> Check:
        try:
            check_hash(read_credential(credential))
        except ConfigError as error:
            return rules.failed("password", error.message, self._advice.password, "hyperhive hash-password")
        except ValueError as error:
            found = f"credential {credential!r}: {error}"
            return rules.failed("password", found, self._advice.password, "hyperhive hash-password")
        return rules.ok("password", "there is a hash, not shown")

    def _certificate(self, tls: TlsConfig) -> Check:
        reason, expires_at = "", None
        try:
            key = credential_path(tls.key_credential)
            expires_at = expiry(Path(tls.certificate), key, self._config.listen.host_names[0])
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
        except (OSError, ConfigError) as error:
            reason = str(error)
        return rules.certificate(expires_at, reason, self._clock(), self._advice, tls.certificate)

    def _uid_ranges(self) -> Check:
        accounts = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
        return rules.uid_ranges(self._config.agents, accounts, self._ranges())

    def _ranges(self) -> list[tuple[str, int, int]]:
        try:
            lines = self._subordinate_uids.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        parts = [line.split(":") for line in lines]
        return [
            (owner, int(first), int(size))
            for owner, first, size in (part for part in parts if len(part) == 3)
            if first.isdecimal() and size.isdecimal()
        ]
