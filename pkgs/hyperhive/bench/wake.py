"""How long a message takes to the model: the warm session beside one Claude Code process per message."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.claude import ClaudePerTurn
from bench.hive import BenchHive, bench_hive, settled
from bench.peers import HttpPeer
from bench.report import Section, Spread, ratio
from hyperhive.demo.model_server import RecordedRequest

AGENT: Final = "worker"
CALLER: Final = "caller"

_REQUEST_SECONDS: Final = 30.0

Turn = Callable[[str], Awaitable[tuple[float, RecordedRequest]]]


@dataclass(frozen=True)
class Plan:
    """How much is measured: in each round `warm` wakes, then one process of each kind.

    Attributes:
        enough: Rounds after which a slow machine may stop, `seconds` after the first one began.
    """

    rounds: int
    warm: int
    enough: int
    seconds: float


FULL: Final = Plan(rounds=12, warm=3, enough=10, seconds=55)
QUICK: Final = Plan(rounds=1, warm=2, enough=1, seconds=20)


@dataclass
class Samples:
    """Milliseconds of one kind of turn, and the tools that its requests offered to the model."""

    milliseconds: list[float] = field(default_factory=list)
    tools: set[str] = field(default_factory=set)

    async def take(self, turn: Turn, prompt: str) -> None:
        """Run one turn and keep what it took."""
        milliseconds, request = await turn(prompt)
        self.milliseconds.append(milliseconds)
        self.tools |= set(request.tools)


async def measure(directory: Path, *, quick: bool) -> Section:
    """Wake an idle agent again and again, with turns in processes of their own in between."""
    plan = QUICK if quick else FULL
    warm, full, bare = Samples(), Samples(), Samples()
    async with (
        bench_hive(directory / "hive", [AGENT, CALLER], [AGENT]) as hive,
        hive.operator() as operator,
        hive.agent(CALLER) as caller,
    ):
        wake = _Wake(hive, operator, caller).turn
        process = ClaudePerTurn(hive, AGENT, directory / "per-turn", hive_tools=True).turn
        bare_process = ClaudePerTurn(hive, AGENT, directory / "per-turn-bare", hive_tools=False).turn
        await settled(operator, AGENT)
        # The first of each kind fills caches and is not counted.
        for number, turn in enumerate((wake, process, bare_process)):
            await turn(f"warm-up {number}.")
        began = time.monotonic()
        for number in range(plan.rounds):
            if number >= plan.enough and time.monotonic() - began > plan.seconds:
                break
            for again in range(plan.warm):
                await warm.take(wake, f"wake {number} {again}.")
            await full.take(process, f"process {number}.")
            await bare.take(bare_process, f"bare process {number}.")
    return section(warm, full, bare)


def section(warm: Samples, full: Samples, bare: Samples) -> Section:
    """The document's section; `full` has hyperhive's tools, `bare` has not."""
    warm_ms, process_ms, bare_ms = (Spread(one.milliseconds) for one in (warm, full, bare))
    return {
        "warm_ms": warm_ms.summary(),
        "process_ms": process_ms.summary(),
        "bare_process_ms": bare_ms.summary(),
        "ratio": ratio(process_ms.median, warm_ms.median),
        "ratio_of": "process_ms.p50 / warm_ms.p50",
        "bare_ratio": ratio(bare_ms.median, warm_ms.median),
        "bare_ratio_of": "bare_process_ms.p50 / warm_ms.p50",
        "same_tools": warm.tools == full.tools,
        "from_to": "POST /v1/messages called (warm) or process spawned, to the model request read",
        "process": "claude --print per message with the agent's options and hyperhive's tools over stdio",
        "bare_process": "the same without hyperhive's tools, so it could not answer anybody",
    }


class _Wake:
    """Turns of the agent's warm session."""

    def __init__(self, hive: BenchHive, operator: HttpPeer, caller: HttpPeer) -> None:
        self._hive = hive
        self._operator = operator
        self._caller = caller

    async def turn(self, prompt: str) -> tuple[float, RecordedRequest]:
        """Send one message to the idle agent; returns when it is idle again."""
        began = time.monotonic()
        sent = await self._caller.post("/v1/messages", {"to": AGENT, "body": prompt})
        request = await self._hive.model.wait_for_request(lambda one: prompt in one.prompt, _REQUEST_SECONDS)
        await settled(self._operator, AGENT, sent["messages"][0]["id"])
        return (request.at - began) * 1000, request
