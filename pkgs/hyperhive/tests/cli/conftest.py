"""A real broker for the client commands, and the command line as a function."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hyperhive.cli import main
from hyperhive.config.hive_file import Paths, parse_hive
from hyperhive.system import subreaper
from hyperhive.system.admin import AdminClient, BrokerUnreachableError
from tests.systemctl import Systemctl

HIVE = """
[dashboard]
port = 0
[loop_breaker]
messages_per_minute = 0
duplicates = 0
[agents.ada]
bash = ["git *"]
allowed_recipients = ["operator"]
[agents.manager]
role = "manager"
"""


@dataclass
class Result:
    """What one command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@dataclass
class Running:
    """A broker process."""

    directory: Path
    admin: AdminClient

    @property
    def socket(self) -> str:
        return str(self.directory / "run" / "admin.sock")

    def agent(self, name: str) -> AdminClient:
        """The agent API of one agent, which is HTTP on a Unix socket, too."""
        return AdminClient(self.directory / "run" / "agents" / name / "broker.sock")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `hyperhive` with the given arguments in this process."""

    def call(*arguments: object) -> Result:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exiting:
            code = int(exiting.code or 0)
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return call


@pytest.fixture(scope="session")
def broker() -> Iterator[Running]:
    """A broker with `ada` and `manager` that the tests of this process share; nobody supervises agents."""
    with _directory() as directory, _broker(directory, "process", os.environ["PATH"]) as running:
        yield running


@pytest.fixture(scope="session")
def nixos_broker() -> Iterator[tuple[Running, Systemctl]]:
    """The same hive in containers, with a stand-in for systemctl."""
    with _directory() as directory:
        systemctl = Systemctl(directory / "systemctl")
        with _broker(directory, "nixos", systemctl.path) as running:
            yield running, systemctl


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hive-", dir="/tmp") as name:
        yield Path(name)


@contextlib.contextmanager
def _broker(directory: Path, runtime: str, path: str) -> Iterator[Running]:
    (directory / "run").mkdir()
    paths = Paths(directory, directory / "run", directory / "dashboard")
    config = directory / "broker.json"
    hive = parse_hive(HIVE, paths, directory=directory).broker
    config.write_text(hive.model_copy(update={"runtime": runtime}).model_dump_json())
    # Under a subreaper it ends even when this process crashes.
    kept = [sys.executable, "-I", "-S", subreaper.__file__, "10", "", "0", "--"]
    command = [*kept, sys.executable, "-m", "hyperhive", "broker", "--config", str(config)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | {"PATH": path}) as process:
        running = Running(directory, AdminClient(directory / "run" / "admin.sock"))
        try:
            _wait(process, running.admin)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(process: "subprocess.Popen[bytes]", client: AdminClient) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            client.get("/admin/token")
        except BrokerUnreachableError:
            assert process.poll() is None, "the broker ended"
            assert time.monotonic() < deadline, "the broker does not answer"
            time.sleep(0.05)
        else:
            return
