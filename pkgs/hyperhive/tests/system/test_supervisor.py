"""What the broker makes of a supervisor that is not there or makes no sense; tests/up plays a real one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from hyperhive.errors import UnavailableError, UnitFailedError
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.system.supervisor import Supervised, supervisor_socket

Serve = Callable[[int, str], Awaitable[Supervised]]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """`await serve(status, text)`: a server that always answers this."""
    runners: list[web.AppRunner] = []

    async def start(status: int, text: str) -> Supervised:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=status, text=text)

        app = web.Application()
        app.add_routes([web.route("*", "/{any:.*}", answer)])
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        await web.UnixSite(runner, str(supervisor_socket(tmp_path))).start()
        return Supervised(supervisor_socket(tmp_path))

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_a_broker_without_a_supervisor_says_who_would_be_one(tmp_path: Path) -> None:
    path = supervisor_socket(tmp_path)
    runtime = Supervised(path)
    for call in (runtime.status(["ada", "bob"]), runtime.act(Verb.START, "ada")):
        with pytest.raises(UnavailableError) as caught:
            await call
        assert caught.value.message == (
            f"no supervisor answers on {path}: agents that are processes are started and stopped by the "
            "`hyperhive up` (or `demo`) that runs the broker (No such file or directory)"
        )
    assert runtime.unknown("ada", "why") == UnitStatus(
        unit="process ada", state=UnitState.UNKNOWN, reason="why"
    )


async def test_a_refusal_carries_the_supervisors_own_sentence(serve: Serve) -> None:
    runtime = await serve(503, '{"error": {"key": "unavailable", "message": "cannot start ada: no space"}}')
    with pytest.raises(UnitFailedError, match=r"^cannot start ada: no space$"):
        await runtime.act(Verb.START, "ada")


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_that_makes_no_sense_is_an_error(serve: Serve, status: int) -> None:
    runtime = await serve(status, "nonsense")
    with pytest.raises(UnitFailedError, match=r"makes no sense|without a reason"):
        await runtime.status(["ada", "bob"])


async def test_a_process_has_no_control_group_of_its_own(tmp_path: Path) -> None:
    assert await Supervised(supervisor_socket(tmp_path)).control_group("ada") is None
