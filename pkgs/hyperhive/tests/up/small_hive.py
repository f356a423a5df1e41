"""Small real programs in the places of broker and harness, and a hive of them."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from hyperhive.config.hive_file import Hive, parse_hive
from hyperhive.system.processes import ChildEvent, ChildState, Patience
from hyperhive.up.credentials import Secrets
from hyperhive.up.paths import choose_paths
from hyperhive.up.processes import HiveProcesses

#: Answers every request on the admin socket with a login URL; shows its credentials first.
BROKER: Final = """
import json, os, socket, sys
config = json.load(open(sys.argv[1]))
credentials = os.environ["CREDENTIALS_DIRECTORY"]
print("credentials", {name: open(os.path.join(credentials, name)).read() for name in os.listdir(credentials)})
path = config["runtime_dir"] + "/admin.sock"
if os.path.exists(path):
    os.unlink(path)
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(path)
    listener.listen()
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            body = json.dumps({"url": "http://127.0.0.1:7000/?token=t"}).encode()
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
"""

#: Shows its configuration's name, its credentials and its secrets in the environment; then stays.
HARNESS: Final = """
import json, os, sys, time
config = json.load(open(sys.argv[1]))
credentials = os.environ["CREDENTIALS_DIRECTORY"]
print("credentials", {name: open(os.path.join(credentials, name)).read() for name in os.listdir(credentials)})
print("variables", sorted(config["agent"]["credentials"]), os.environ.get("SECRET"))
time.sleep(60)
"""

HIVE: Final = """
[credentials]
password = { env = "PASSWORD" }
key = { env = "SECRET" }
other = { env = "OTHER" }
[operator]
password_credential = "password"
[agents.ada.credentials]
CLAUDE_CODE_OAUTH_TOKEN = "key"
[agents.bob.credentials]
ANTHROPIC_API_KEY = "other"
"""


class Watched:
    """A hive of small programs with everything it said."""

    def __init__(
        self, state_dir: Path, *, broker: str = BROKER, harness: str = HARNESS, text: str = HIVE
    ) -> None:
        self.events: list[ChildEvent] = []
        self.lines: list[tuple[str, str]] = []
        self._changed = asyncio.Event()
        self.hive: Hive = parse_hive(text, choose_paths(state_dir, Path("/dashboard")), directory=state_dir)
        scripts = {"broker": broker, "harness": harness}

        def command(role: str, config: Path) -> Sequence[str]:
            return [sys.executable, "-I", "-u", "-c", scripts[role], str(config)]

        self.processes = HiveProcesses(
            self.hive,
            Secrets(
                {"password": "hash", "key": "sk-ada"}, {"other": "the environment variable OTHER is not set"}
            ),
            on_line=self._on_line,
            on_event=self._on_event,
            environment={"PATH": os.environ["PATH"], "SECRET": "sk-ada"},
            patience=Patience(first=0.02, ceiling=0.1, grace=5),
            command=command,
        )

    def _on_event(self, event: ChildEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def _on_line(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def of(self, name: str, state: ChildState) -> list[ChildEvent]:
        return [event for event in self.events if (event.name, event.state) == (name, state)]

    def said(self, name: str) -> list[str]:
        return [line for who, line in self.lines if who == name]
