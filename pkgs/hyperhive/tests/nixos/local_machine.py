"""A test driver without a machine: a scenario is played against the VM test's hive as processes of this user.

The policies are those that the modules render. Containers, units and other users are missing, so it can play
what a scenario does to a hive, and not what a scenario does to its walls.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from hyperhive.system import subreaper
from hyperhive.system.installation import dashboard_dir
from tests.nixos import nix

SCENARIOS: Final = nix.ROOT / "nixos-tests" / "scenarios"
LIB: Final = nix.ROOT / "nixos-tests" / "lib"
BROKER: Final = "hyperhive.service"
MODEL: Final = "scripted-model.service"

_PATIENCE: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_COMMAND_SECONDS: Final = 30
_AGENT_STATE: Final = r"/var/lib/hyperhive/agents/(?P<agent>[a-z]+)/state"
#: Places of a machine that are elsewhere here.
_PLACES: Final = re.compile(rf"{_AGENT_STATE}|/run/hyperhive\b|/tmp(?=/)")
_SYSTEMCTL: Final = re.compile(r"systemctl (?P<verb>start|stop|restart|kill --signal=KILL) (?P<unit>\S+)")
_INSIDE: Final = re.compile(r"systemd-run --machine=h-(?P<agent>[a-z]+) .* '(?P<command>[^']*)' < /dev/null")


class CommandError(AssertionError):
    """A command did not end as the scenario says it must."""


class LocalMachine:
    """The part of a driver's machine that a hive of processes can play; a context manager.

    Args:
        directory: Empty; everything is kept there. Its path is short enough for a Unix socket.
        name: Of the scenario.
        test: The VM test, as `nixos-tests/lib/offline.nix` describes it.
    """

    def __init__(self, directory: Path, name: str, test: Mapping[str, Any]) -> None:
        self._directory = directory
        self._test = test
        self._script = SCENARIOS / f"{name}.toml"
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._commands: dict[str, list[str]] = {}
        (directory / "tmp").mkdir()
        (directory / "bin").mkdir()
        (directory / "bin" / "hyperhive").symlink_to(Path(sys.executable).parent / "hyperhive")

    def __enter__(self) -> Self:
        self._commands[MODEL] = ["scripted-model", "--script", str(self._script)]
        self._start(MODEL)
        self._commands[BROKER] = ["broker", "--config", str(self._broker_file())]
        output = self._running[MODEL].stdout
        assert output is not None
        address = output.readline().strip()
        for agent, harness in self._test["harnesses"].items():
            file = self._harness_file(agent, harness, address)
            self._commands[f"container@h-{agent}.service"] = ["harness", "--config", str(file)]
        for unit in self._commands:
            if unit != MODEL:
                self._start(unit)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Harnesses before their broker, as they give back their mail.
        for units in (set(self._running) - {BROKER, MODEL}, {BROKER, MODEL}):
            for unit in units:
                self._running[unit].terminate()
            for unit in units:
                with self._running[unit] as process:
                    process.wait(timeout=_COMMAND_SECONDS)

    @property
    def log(self) -> str:
        """What the processes said."""
        return "".join(path.read_text() for path in sorted(self._directory.glob("*.log")))

    def succeed(self, command: str) -> str:
        """As a driver's."""
        code, output = self.execute(command)
        if code != 0:
            raise CommandError(f"{command}\nended with {code}: {output}\n{self.log}")
        return output

    def fail(self, command: str) -> str:
        """As a driver's."""
        code, output = self.execute(command)
        if code == 0:
            raise CommandError(f"{command}\nended with 0: {output}")
        return output

    def wait_until_succeeds(self, command: str) -> str:
        """As a driver's, with less patience."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            code, output = self.execute(command)
            if code == 0:
                return output
            if time.monotonic() > deadline:
                inbox = self.execute("hyperhive inbox; hyperhive status")[1]
                raise CommandError(f"{command}\nkeeps failing: {output}\n{inbox}\n{self.log}")
            time.sleep(_LOOK_SECONDS)

    def wait_for_unit(self, unit: str) -> None:
        """As a driver's; the broker is active once it answers."""
        if self._running[unit].poll() is not None:
            raise CommandError(f"{unit} has ended\n{self.log}")
        if unit == BROKER:
            self.wait_until_succeeds("hyperhive status")

    def execute(self, command: str) -> tuple[int, str]:
        """As a driver's; systemd and containers are played."""
        if found := _INSIDE.fullmatch(command):
            command = found["command"].replace(
                "hyperhive-harness.service", f"container@h-{found['agent']}.service"
            )
        if found := _SYSTEMCTL.fullmatch(command):
            self._control(found["verb"], found["unit"])
            return 0, ""
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail; {_PLACES.sub(self._here, command)}"],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=_COMMAND_SECONDS,
        )
        return done.returncode, done.stdout

    def _here(self, found: re.Match[str]) -> str:
        if found["agent"]:
            return str(self._state(found["agent"]))
        return str(self._directory / found[0].rpartition("/")[2].replace("hyperhive", "run"))

    def _control(self, verb: str, unit: str) -> None:
        process = self._running[unit]
        if verb.startswith("kill"):
            # As `Restart=always` does, it comes again by itself.
            for pid in subreaper.descendants(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        elif verb != "start":
            process.terminate()
        if verb != "start":
            with process:
                process.wait(timeout=_COMMAND_SECONDS)
        if verb != "stop":
            self._start(unit)

    def _start(self, unit: str) -> None:
        command = [sys.executable, "-P", "-m", "hyperhive", *self._commands[unit]]
        with (self._directory / f"{unit}.log").open("a") as log:
            # Under a subreaper it ends even when this process crashes.
            self._running[unit] = subprocess.Popen(
                [sys.executable, "-I", "-S", subreaper.__file__, "10", "", "0", "--", *command],
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if unit == MODEL else log,
                stderr=log,
                text=True,
            )

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self._directory),
            "PATH": f"{self._directory / 'bin'}:{os.environ['PATH']}",
            "HYPERHIVE_SOCKET": str(self._directory / "run" / "admin.sock"),
            # It holds `operator-password`, whether the hive's configuration asks for it or not.
            "CREDENTIALS_DIRECTORY": str(LIB),
        }

    def _state(self, agent: str) -> Path:
        return self._directory / "agents" / agent / "state"

    def _broker_file(self) -> Path:
        broker = self._test["broker"]
        return self._write(
            "broker",
            broker
            | {
                "runtime": "process",
                "state_dir": str(self._directory / "broker"),
                "runtime_dir": str(self._directory / "run"),
                "dashboard_dir": str(dashboard_dir()),
                "listen": broker["listen"] | {"port": 0},
            },
        )

    def _harness_file(self, agent: str, harness: dict[str, Any], model: str) -> Path:
        claude = harness["claude"]
        env = claude["env"] | {"ANTHROPIC_BASE_URL": f"{model}/agents/{agent}"}
        changed = {
            "socket": str(self._directory / "run" / "agents" / agent / "broker.sock"),
            "state_dir": str(self._state(agent)),
            "claude": claude
            | {"cli": None, "env": env, "home": str(self._directory / "agents" / agent / "claude")},
        }
        # The store of a test that only evaluates is empty.
        text = re.sub(r"/nix/store/[0-9a-z]+-(stock_server\.py)", rf"{LIB}/\1", json.dumps(harness | changed))
        return self._write(f"harness-{agent}", json.loads(text))

    def _write(self, name: str, config: Mapping[str, Any]) -> Path:
        path = self._directory / f"{name}.json"
        path.write_text(json.dumps(config))
        return path


@contextlib.contextmanager
def subtest(name: str) -> Iterator[None]:
    """As a driver's: the name is in the error."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{name}: {error}") from error


def play(machine: LocalMachine, name: str) -> None:
    """Run a scenario as a driver does: its text, with the two names in it."""
    names = {"machine": machine, "subtest": subtest}
    for path in (LIB / "looks.py", SCENARIOS / f"{name}.py"):
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
        exec(code, names)
