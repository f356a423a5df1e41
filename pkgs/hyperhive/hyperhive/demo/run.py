"""`hyperhive demo`: the ordinary program with a ready hive and a scripted model in the model's place."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from hyperhive.config.hive_file import Hive, load_hive
from hyperhive.demo.claude_env import claude_environment, prepare_home
from hyperhive.demo.model_script import load_script
from hyperhive.demo.model_server import ModelServer
from hyperhive.demo.story import Story, Summary
from hyperhive.errors import UnavailableError
from hyperhive.system.admin import AdminClient
from hyperhive.system.installation import dashboard_dir, examples_dir
from hyperhive.system.tasks import Tasks
from hyperhive.up.credentials import Secrets
from hyperhive.up.paths import choose_paths
from hyperhive.up.processes import HiveProcesses

#: Seconds that `--once` gives the story before it calls it failed.
STORY_SECONDS: Final = 90.0

Echo = Callable[[str], None]
Welcome = Callable[[HiveProcesses], None]


@dataclass(frozen=True)
class Stage:
    #: Kept afterwards; None is a temporary directory.
    state_dir: Path | None
    #: Of the dashboard; 0 takes a free one.
    port: int
    #: End after the story, answering the operator's question in their place.
    once: bool


async def play(stage: Stage, echo: Echo, welcome: Welcome) -> Summary:
    """Run the demo until the story is over (`once`) or until SIGINT or SIGTERM."""
    with _directory(stage.state_dir) as directory:
        model = ModelServer(load_script(_files() / "model.toml"))
        await model.start()
        try:
            return await _play(stage, directory, model, echo, welcome)
        finally:
            await model.stop()


def demo_hive(directory: Path, port: int, model: ModelServer) -> Hive:
    hive = load_hive(_files() / "hive.toml", choose_paths(directory, dashboard_dir()))
    harnesses = {}
    for name, harness in hive.harnesses.items():
        home = Path(harness.claude.home)
        env = {**harness.claude.env, **claude_environment(model.base_url(name), home)}
        harnesses[name] = harness.model_copy(
            update={"claude": harness.claude.model_copy(update={"env": env})}
        )
    listen = hive.broker.listen.model_copy(update={"port": port})
    return replace(hive, broker=hive.broker.model_copy(update={"listen": listen}), harnesses=harnesses)


async def _play(stage: Stage, directory: Path, model: ModelServer, echo: Echo, welcome: Welcome) -> Summary:
    hive = demo_hive(directory, stage.port, model)
    await asyncio.to_thread(_prepare, hive)
    with _log_file(directory) as log:
        processes = HiveProcesses(hive, Secrets({}, {}), on_line=log)
        stop = _stop_signal()
        async with processes:
            welcome(processes)
            story = Story(AdminClient(processes.admin_socket), echo)
            await story.open()
            ok = await _until(stop, story.follow(answer=stage.once, within_seconds=_limit(stage)))
            if not stage.once:
                await stop.wait()
            summary = await story.summary(ok=ok)
        if stage.once and not summary.ok:
            echo(f"the story did not end well; its log:\n{await asyncio.to_thread(_tail, directory)}")
        return summary


def _limit(stage: Stage) -> float | None:
    return STORY_SECONDS if stage.once else None


def _prepare(hive: Hive) -> None:
    for name, harness in hive.harnesses.items():
        state = Path(harness.state_dir)
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        prepare_home(Path(harness.claude.home), [state])
        if name == "wren":
            shutil.copyfile(_files() / "prices.csv", state / "prices.csv")


def _files() -> Path:
    return examples_dir() / "demo"


@contextlib.contextmanager
def _log_file(directory: Path) -> Iterator[Callable[[str, str], None]]:
    with (directory / "demo.log").open("a", encoding="utf-8") as file:

        def line(name: str, text: str) -> None:
            file.write(f"{name} | {text}\n")
            file.flush()

        yield line


def _tail(directory: Path) -> str:
    return "\n".join((directory / "demo.log").read_text(encoding="utf-8").splitlines()[-40:])


@contextlib.contextmanager
def _directory(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        try:
            chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(f"{chosen}: cannot be made: {error.strerror}") from error
        yield chosen.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="hyperhive-demo-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, bool]) -> bool:
    """What `work` gives, or False when `stop` comes first."""
    tasks = Tasks()
    working = tasks.start(work, "demo story")
    stopping = tasks.start(stop.wait(), "demo stop")
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.done() and working.result()
    finally:
        await tasks.cancel()
