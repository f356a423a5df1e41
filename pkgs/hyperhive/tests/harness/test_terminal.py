"""Terminals end to end: real broker, real harness, real shells, windows played by the test."""

import asyncio
import json
import re
import shlex
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hyperhive.broker import Broker
from hyperhive.harness.terminal import Terminal
from hyperhive.protocol.events import Note
from hyperhive.protocol.terminal import CLOSE_ENDED, SCROLLBACK_BYTES, WINDOW_BYTES
from hyperhive.system.pty import _session_members
from tests.conftest import HiveConfig
from tests.harness.conftest import until
from tests.terminal_host import TerminalHost, terminal_host
from tests.terminal_window import Window

#: A few times more than is kept.
LINES = 500_000


@dataclass
class Desk:
    """The operator at the admin socket of a hive with one agent, `alice`."""

    broker: Broker
    directory: Path
    host: TerminalHost
    client: aiohttp.ClientSession
    stack: AsyncExitStack
    path: str = "/api/agents/alice/terminals"

    async def call(self, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        async with self.client.request(method, f"{self.path}{path}", json=body) as response:
            return response.status, await response.json()

    async def open(self, cols: int = 80, rows: int = 24) -> str:
        status, view = await self.call("POST", body={"cols": cols, "rows": rows})
        assert status == 200, view
        return str(view["id"])

    async def listed(self) -> list[dict[str, Any]]:
        status, answer = await self.call("GET")
        assert status == 200, answer
        found: list[dict[str, Any]] = answer["terminals"]
        return found

    async def window(self, terminal: str, **options: Any) -> Window:
        return await Window.open(self.client, f"{self.path}/{terminal}", self.stack, **options)

    async def shell(self, **options: Any) -> tuple[str, Window, int]:
        """A new terminal without echo, a window on it, and the shell's pid."""
        terminal = await self.open()
        window = await self.window(terminal, **options)
        await window.type("bind 'set enable-bracketed-paste off'; PS1=; stty -echo; echo pid=$$=\r")
        async with asyncio.timeout(20):
            while not (found := re.search(rb"pid=(\d+)=", window.output)):
                assert await window.step()
        pid = int(found[1])
        await window.until(found[0] + b"\r\n")
        window.output.clear()
        return terminal, window, pid

    async def notes(self) -> list[str]:
        page = await self.broker.services.events.page("alice")
        return [event.data.text for event in page.events if isinstance(event.data, Note)]

    async def restart_broker(self) -> None:
        await self.broker.stop()
        self.broker = Broker(self.broker._config)
        await self.broker.start()

    def terminal(self, name: str) -> Terminal:
        """The harness's own."""
        return self.host.terminals._terminals[name]


@pytest.fixture
async def desk(hive_config: HiveConfig, tmp_path: Path) -> AsyncIterator[Desk]:
    config = hive_config(agents={"alice": {}})
    async with AsyncExitStack() as stack:
        broker = Broker(config)
        await broker.start()
        connector = aiohttp.UnixConnector(path=f"{config.runtime_dir}/admin.sock")
        client = await stack.enter_async_context(aiohttp.ClientSession("http://admin", connector=connector))
        host = await stack.enter_async_context(terminal_host(config, "alice", tmp_path / "alice"))
        desk = Desk(broker, tmp_path, host, client, stack)

        async def linked() -> bool:
            return broker.services.agents.view("alice").linked

        await until(linked, "alice is connected")
        yield desk
    await desk.broker.stop()


def numbered(count: int) -> bytes:
    """What `seq` prints on a terminal."""
    return b"".join(b"%d\r\n" % number for number in range(1, count + 1))


def of_session(leader: int) -> list[int]:
    return _session_members(leader)


async def test_a_shell_starts_in_the_state_directory_with_an_environment_of_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HARNESS", "x")
    _, window, _ = await desk.shell()
    await window.type("pwd; echo term=$TERM cols=$(tput cols) [$SECRET_OF_THE_HARNESS$ANTHROPIC_API_KEY]\r")
    await window.type("yes | head -1; shopt -q login_shell && echo log''in; type -t claude\r")
    await window.until("function\r\n")
    assert window.shown().splitlines() == [
        f"{desk.directory}/alice/state",
        "term=xterm-256color cols=80 []",
        "y",
        "login",
        "function",
    ]


async def test_several_are_open_at_a_time_and_the_log_says_who_opened_and_how_they_ended(desk: Desk) -> None:
    first, window, _ = await desk.shell()
    second, other, pid = await desk.shell()
    views = await desk.listed()
    assert [view["id"] for view in views] == [first, second]
    assert [(view["cols"], view["rows"], view["opened_by"]) for view in views] == [
        (80, 24, "the command line")
    ] * 2
    assert [one["driving"] for view in views for one in view["viewers"]] == [True, True]

    await other.type("sleep 1000 & trap '' HUP; echo trap''ped; sleep 1001\r")
    await other.until("trapped\r\n")
    await window.type("exit 7\r")
    assert await window.rest() == CLOSE_ENDED
    status, _ = await desk.call("POST", f"/{second}/kill", {})
    assert status == 200
    assert await other.rest() == CLOSE_ENDED
    assert of_session(pid) == []

    ends = [view["end"] for view in await desk.listed()]
    assert [(end["exit_code"], end["signal"], end["reason"]) for end in ends] == [
        (7, None, ""),
        (None, signal.SIGKILL, ""),
    ]

    async def told() -> bool:
        return len(await desk.notes()) == 4

    await until(told, "four notes")
    opened = "A terminal was opened by the operator (the command line)."
    assert sorted(await desk.notes()) == sorted(
        [
            opened,
            opened,
            "A terminal was closed: exit code 7.",
            "A terminal was closed by the operator (the command line): signal 9.",
        ]
    )
    assert (await desk.call("POST", f"/{first}/kill", {}))[0] == 409


async def test_a_window_that_comes_back_in_the_middle_of_10_mb_gets_every_byte_once(desk: Desk) -> None:
    terminal, window, _ = await desk.shell()
    start = window.offset
    wanted = numbered(1_200_000)[:10_000_000]
    await window.type("seq 1200000\r")
    shown = bytearray()
    for cut in range(1, 6):
        await window.seen(start + cut * 1_500_000)
        # The connection breaks without a word, with output on its way.
        window.socket._writer.transport.abort()
        shown += window.output
        window = await desk.window(terminal, have=window.offset)
        assert window.first["offset"] == start + len(shown)
    await window.seen(start + len(wanted))
    shown += window.output
    assert window.gaps == []
    assert bytes(shown[: len(wanted)]) == wanted


async def test_a_window_that_stops_reading_does_not_slow_the_first_and_goes_on_behind_a_hole(
    desk: Desk,
) -> None:
    terminal, window, _ = await desk.shell()
    lazy = await desk.window(terminal, keeps_up=False)
    await lazy.ack()
    wanted = numbered(LINES)
    await window.type(f"seq {LINES}; echo all of it\r")
    await window.until("all of it")
    assert window.gaps == []
    assert wanted in window.output

    lazy.keeps_up = True
    await lazy.ack()
    await lazy.until("all of it")
    assert len(lazy.gaps) == 1
    assert len(lazy.output) <= SCROLLBACK_BYTES + 2 * WINDOW_BYTES
    # It goes on at the start of a line.
    ((expected, came),) = lazy.gaps
    tail = lazy.output[-(lazy.offset - came) :]
    assert expected < came
    assert tail in window.output
    assert window.output[window.output.index(tail) - 1 :][:1] == b"\n"


async def test_a_lone_window_that_stops_reading_stops_the_program(desk: Desk) -> None:
    terminal, window, _ = await desk.shell()
    window.keeps_up = False
    before = window.offset
    await window.type("yes\r")
    # Small acks are not worth a frame to the harness, so it may be a bit less than a window.
    await window.seen(before + WINDOW_BYTES * 7 // 8)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(window.rest(), 0.3)
    assert desk.terminal(terminal).output.end <= before + WINDOW_BYTES
    await window.ack()
    await window.seen(before + WINDOW_BYTES + 1)


async def test_a_window_on_a_new_broker_goes_on_where_the_old_one_ended(desk: Desk) -> None:
    terminal, window, pid = await desk.shell()
    start = window.offset
    await window.type(f"seq {LINES}; echo all of it\r")
    await window.seen(start + 1_500_000)
    await desk.restart_broker()
    await window.rest()

    async def back() -> bool:
        return [view["connected"] for view in await desk.listed()] == [True]

    await until(back, "the terminal is back")
    shown = bytes(window.output)
    window = await desk.window(terminal, have=window.offset)
    await window.until("all of it")
    assert window.gaps == []
    assert numbered(LINES) in shown + window.output
    assert (await desk.listed())[0]["opened_by"] == "the command line"
    await window.type("exit\r")
    assert await window.rest() == CLOSE_ENDED
    assert of_session(pid) == []


async def test_a_shell_that_says_nothing_is_back_after_a_restart_of_the_broker(desk: Desk) -> None:
    terminal, window, pid = await desk.shell()
    await window.type("read line; echo got $line; exit\r")
    await desk.restart_broker()
    await window.rest()

    async def back() -> bool:
        return [view["connected"] for view in await desk.listed()] == [True]

    await until(back, "the terminal is back")
    window = await desk.window(terminal, have=window.offset)
    await window.type("it\r")
    await window.until("got it")
    assert await window.rest() == CLOSE_ENDED
    assert of_session(pid) == []


async def test_a_shell_that_ends_while_the_broker_is_away_is_shown_as_ended(desk: Desk) -> None:
    terminal, window, _ = await desk.shell()
    await window.type("echo la''st; sleep 0.5; exit 3\r")
    await window.until("last")
    await desk.broker.stop()
    shell = desk.terminal(terminal)

    async def over() -> bool:
        return shell.end is not None

    await until(over, "the shell has ended")
    desk.broker = Broker(desk.broker._config)
    await desk.broker.start()

    async def told() -> bool:
        return [view["connected"] for view in await desk.listed()] == [True]

    await until(told, "the harness is back")
    assert [view["end"]["exit_code"] for view in await desk.listed()] == [3]
    again = await desk.window(terminal)
    assert await again.rest() == CLOSE_ENDED
    assert "last" in again.shown()

    async def noted() -> bool:
        return (await desk.notes())[0] == "A terminal was closed: exit code 3."

    await until(noted, "the log says so")


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        json.dumps({"type": "kill"}),
        json.dumps({"type": "ack", "offset": 2**40}),
        json.dumps({"type": "ack", "offset": -1}),
        json.dumps({"type": "resize", "cols": 501, "rows": 24}),
        json.dumps({"type": "resize", "cols": 80, "rows": 0}),
        json.dumps({"type": "title", "text": "x" * 201}),
    ],
)
async def test_a_wrong_frame_of_a_window_closes_that_window_only(desk: Desk, frame: str) -> None:
    terminal, good, _ = await desk.shell()
    bad = await desk.window(terminal)
    await bad.socket.send_str(frame)
    assert await bad.rest() == aiohttp.WSCloseCode.POLICY_VIOLATION
    await good.type("echo he''re\r")
    await good.until("here")


async def test_output_that_nobody_sees_waits_for_whoever_comes_back(desk: Desk) -> None:
    terminal, window, _ = await desk.shell()
    start = window.offset
    await window.type(f"seq {LINES}; echo all of it\r")
    await window.seen(start + 100_000)
    await window.socket.close()
    shared = desk.terminal(terminal)

    async def full() -> bool:
        return shared.output.end >= shared._seen + SCROLLBACK_BYTES

    await until(full, "the program waits")
    assert shared.output.end == shared._seen + SCROLLBACK_BYTES
    again = await desk.window(terminal, have=window.offset)
    await again.until("all of it")
    assert again.gaps == []
    assert numbered(LINES) in bytes(window.output) + again.output


async def test_whoever_types_last_gives_the_terminal_its_size(desk: Desk) -> None:
    terminal, window, _ = await desk.shell()
    other = await desk.window(terminal)
    await window.say(type="resize", cols=100, rows=30)
    await other.say(type="resize", cols=60, rows=20)
    await window.type("stty size\r")
    await window.until("30 100\r\n")
    await other.type("stty size\r")
    await window.until("20 60\r\n")
    await other.socket.close()
    await window.type("stty size\r")
    await window.until("30 100\r\n30 100\r\n" if window.output.count(b"30 100") > 1 else "30 100")


async def test_a_shell_that_nobody_looks_at_ends_when_its_time_of_grace_is_over(desk: Desk) -> None:
    terminal, window, pid = await desk.shell()
    desk.terminal(terminal)._grace = 0.3
    await window.socket.close()

    async def ended() -> bool:
        return [bool(view["end"]) for view in await desk.listed()] == [True]

    await until(ended, "the shell has ended")
    assert (await desk.listed())[0]["end"]["reason"] == "nobody looked at it for 0 minutes"
    assert of_session(pid) == []
    again = await desk.window(terminal)
    assert await again.rest() == CLOSE_ENDED


async def test_no_process_of_a_terminal_outlives_its_harness(desk: Desk) -> None:
    _, window, pid = await desk.shell()
    await window.type("trap '' HUP; (sleep 1000 & sleep 1001 &) ; sleep 1002 & echo rea''dy\r")
    await window.until("ready")
    assert len(of_session(pid)) == 4
    _, code = await asyncio.gather(desk.host.stop(), window.rest())
    assert code == CLOSE_ENDED
    assert of_session(pid) == []
    assert window.terminals[0]["end"]["reason"] == "the harness stopped"

    async def told() -> bool:
        end = (await desk.listed())[0]["end"]
        return (
            end is not None and "A terminal was closed: the harness stopped, signal 9." in await desk.notes()
        )

    await until(told, "the broker was told before the link was closed")
    assert (await desk.listed())[0]["end"]["reason"] == "the harness stopped"


async def test_a_shell_that_is_to_end_ends_although_the_connection_breaks_meanwhile(desk: Desk) -> None:
    terminal, window, pid = await desk.shell()
    await window.type("trap '' HUP; echo rea''dy; yes\r")
    await window.until("ready")
    assert (await desk.call("POST", f"/{terminal}/kill", {}))[0] == 200
    shell = desk.terminal(terminal)

    async def told() -> bool:
        return shell._is_ending

    await until(told, "the harness heard of it")
    await desk.restart_broker()

    async def over() -> bool:
        return of_session(pid) == []

    await until(over, "nothing of it runs")


async def test_an_agent_has_a_limited_number_of_terminals(desk: Desk) -> None:
    for _ in range(8):
        await desk.open()
    status, answer = await desk.call("POST", body={"cols": 80, "rows": 24})
    assert (status, answer["error"]["message"]) == (409, "alice has 8 terminals open; end one first")


async def test_an_agent_without_bash_says_why_there_is_no_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.harness.terminal.shell_command", lambda: ["/nowhere/bash"])
    status, answer = await desk.call("POST", body={"cols": 80, "rows": 24})
    assert status == 503
    assert answer["error"]["message"].startswith(
        "alice could not open a terminal: cannot start /nowhere/bash"
    )
    assert await desk.listed() == []
    assert await desk.notes() == []


async def test_a_program_whose_screen_is_not_kept_is_asked_to_draw_it_anew(desk: Desk) -> None:
    name, window, _ = await desk.shell()
    shows = "trap 'echo si''ze=$(stty size)=' WINCH; echo wa''its; while :; do sleep 0.05; done"
    await window.type(f"seq {LINES}; bash -c {shlex.quote(shows)}\r")
    await window.until("waits")
    late = await desk.window(name)
    await late.until("size=23 80=\r\n")
    await late.until("size=24 80=\r\n")
    assert (late.state["offset"], late.state["offset"] > 0) == (late.first["offset"], True)
    # A shell at its prompt has nothing to draw.
    await window.type("\x03echo fi''rst\r")
    await window.until("first")
    await desk.window(name)
    await window.type("echo sec''ond\r")
    await window.until("second")
    assert window.shown().partition("first")[2].count("size=") == 0


async def test_what_is_typed_arrives_whole_or_the_window_is_told(desk: Desk, tmp_path: Path) -> None:
    _, window, _ = await desk.shell()
    target = tmp_path / "pasted"
    pasted = "".join(f"{number:015}\n" for number in range(20_000))
    await window.type(f"stty raw; echo rea''dy; head -c {len(pasted)} > {target}; stty -raw; echo do''ne\r")
    await window.until("ready")
    for at in range(0, len(pasted), 16_384):
        await window.type(pasted[at : at + 16_384])
    await window.until("done")
    assert target.read_text() == pasted
    assert window.dropped == 0

    await window.type("stty raw; echo sle''eps; sleep 1000\r")
    await window.until("sleeps")
    for _ in range(40):
        await window.type("x" * 60_000)
    async with asyncio.timeout(15):
        while not window.dropped:
            await window.step()
