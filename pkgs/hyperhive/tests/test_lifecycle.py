"""Stopping and starting agents of a real hive: `up`, broker, harnesses, Claude Code; a scripted model."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config.hive_file import Hive, parse_hive
from hyperhive.demo.claude_env import claude_environment
from hyperhive.demo.model_script import load_script
from hyperhive.demo.model_server import ModelServer
from hyperhive.system.admin import AdminClient
from hyperhive.up.credentials import Secrets
from hyperhive.up.paths import choose_paths
from hyperhive.up.processes import HiveProcesses

HIVE = """
[dashboard]
port = 0
[agents.manager]
role = "manager"
[agents.ada]
bash = ["kill *"]
"""

SCRIPT = """
default_text = "ok"
[[turn]]
agent = "manager"
when = 'pause ada'
[[turn.step]]
tool = "mcp__hyperhive__stop"
input = { name = "ada" }
[[turn.step]]
capture = '(?P<answer>ada [^\\n]*)'
tool = "mcp__hyperhive__send"
input = { to = "operator", body = "{answer}" }
[[turn.step]]
text = "done"
[[turn]]
agent = "ada"
when = 'slow work'
times = 1
[[turn.step]]
delay_seconds = 60.0
text = "late"
[[turn]]
agent = "ada"
when = 'all the memory'
[[turn.step]]
tool = "Bash"
input = { command = "kill -9 $HYPERHIVE_HARNESS" }
"""


@dataclass
class Running:
    """The operator's view of a hive that runs."""

    admin: AdminClient
    model: ModelServer
    lines: list[str]

    async def get(self, route: str) -> Any:
        return await asyncio.to_thread(self.admin.get, route)

    async def post(self, route: str, body: dict[str, Any] | None = None) -> Any:
        return await asyncio.to_thread(self.admin.post, route, body or {})

    async def send(self, to: str, body: str) -> int:
        return int((await self.post("/api/messages", {"to": to, "body": body}))["messages"][0]["id"])

    async def until(self, route: str, true: Callable[[Any], bool]) -> Any:
        try:
            async with asyncio.timeout(40):
                while not true(found := await self.get(route)):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail("\n".join(self.lines))
        return found

    async def state(self, agent: str, state: str) -> Any:
        return await self.until(f"/api/agents/{agent}", lambda view: view["status"]["state"] == state)


def small_hive(directory: Path, model: ModelServer) -> Hive:
    paths = choose_paths(directory / "hive", Path("/nowhere"))
    hive = parse_hive(HIVE, paths, directory=directory)
    harnesses = {}
    for name, harness in hive.harnesses.items():
        env = claude_environment(model.base_url(name), Path(harness.claude.home))
        harnesses[name] = harness.model_copy(
            update={"claude": harness.claude.model_copy(update={"env": env})}
        )
    return replace(hive, harnesses=harnesses)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A hive of `manager` and `ada`, both idle."""
    (tmp_path / "script.toml").write_text(SCRIPT)
    model = ModelServer(load_script(tmp_path / "script.toml"))
    await model.start()
    lines: list[str] = []
    processes = HiveProcesses(
        small_hive(tmp_path, model),
        Secrets({}, {}),
        on_line=lambda name, line: lines.append(f"{name} | {line}"),
    )
    async with processes:
        hive = Running(AdminClient(processes.admin_socket), model, lines)
        for name in ("manager", "ada"):
            await hive.state(name, "idle")
        yield hive
    await model.stop()


async def test_a_manager_stops_an_agent_whose_mail_is_delivered_after_its_start(running: Running) -> None:
    await running.send("manager", "pause ada")
    state = await running.until("/api/state", lambda state: state["inbox"])
    said = 'ada (agent): stopped; "stopped by manager"; 0 queued, 0 turns today; you may start it'
    assert [message["body"] for message in state["inbox"]] == [said]
    view = await running.get("/api/agents/ada")
    assert (view["status"]["state"], view["status"]["detail"], view["linked"], view["unit"]) == (
        "stopped",
        "stopped by manager",
        False,
        {"unit": "process ada", "state": "stopped", "reason": "stopped by manager"},
    )
    log = await running.get("/api/agents/ada/events")
    newest = log["events"][0]["data"]
    assert (newest["level"], newest["text"]) == ("info", "ada was stopped by manager")

    mail = await running.send("ada", "for later")
    assert (await running.get(f"/api/messages/{mail}"))["state"] == "queued"
    await running.post("/api/agents/ada/start")
    done = await running.until(f"/api/messages/{mail}", lambda message: message["state"] == "acked")
    assert (done["deliveries"], done["redelivered"]) == (1, False)
    assert (await running.state("ada", "idle"))["turns_today"] == 1


async def test_a_turn_that_is_stopped_gives_its_mail_back_and_it_comes_again(running: Running) -> None:
    mail = await running.send("ada", "slow work")
    await running.state("ada", "working")
    # Only the first request is answered late, and it is to be this turn's.
    await running.model.wait_for_request(
        lambda request: request.agent == "ada" and "slow work" in request.prompt, within_seconds=40
    )
    stopped = await running.post("/api/agents/ada/stop")
    assert (stopped["status"]["state"], stopped["status"]["turn"]) == ("stopped", None)
    back = await running.until(f"/api/messages/{mail}", lambda message: message["state"] == "queued")
    assert back["deliveries"] == 1
    await running.post("/api/agents/ada/start")
    again = await running.until(f"/api/messages/{mail}", lambda message: message["state"] == "acked")
    assert (again["deliveries"], again["redelivered"]) == (2, True)
    assert again["failures"] == 0


async def test_mail_whose_turns_kill_the_harness_is_parked_and_leaves_nothing_of_itself(
    running: Running, tmp_path: Path
) -> None:
    early = await running.send("ada", "first of all")
    await running.until(f"/api/messages/{early}", lambda message: message["state"] == "acked")
    poison = await running.send("ada", "all the memory")
    parked = await running.until(f"/api/messages/{poison}", lambda message: message["state"] == "parked")
    assert "the agent's harness was killed in the middle of the turn" in parked["error"]
    assert (parked["failures"], parked["deliveries"]) == (3, 3)
    late = await running.send("ada", "a late one")
    await running.until(f"/api/messages/{late}", lambda message: message["state"] == "acked")
    [conversation] = tmp_path.glob("**/projects/*/*.jsonl")
    asked = [line for line in conversation.read_text().splitlines() if '"type":"user"' in line]
    assert [
        any(body in line for line in asked) for body in ("first of all", "all the memory", "a late one")
    ] == [
        True,
        False,
        True,
    ]
