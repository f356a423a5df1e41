"""Commands as processes whose standard streams are closed, full, left early, or hold what is no text."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hyperhive.config.hive_file import Paths, parse_hive
from tests.cli.conftest import HIVE, Running

#: Commands that need no broker and print something.
ALONE = [
    "--help",
    "--version",
    "send --help",
    "schema --check",
    "check-config hive.toml",
    "check-config hive.toml --json",
    "explain ada 'git log' --config hive.toml",
    "explain ada 'curl x' --config hive.toml --json",
    "doctor --config hive.toml",
    "doctor --config hive.toml --json",
    "up --help",
]
#: Commands that call a running broker.
CALLS = [
    "status",
    "status --json",
    "inbox",
    "inbox --read",
    "send ada hello",
    "stats",
    "stats ada --json",
    "model ada",
    "token",
    "explain ada 'git log'",
    "doctor --agent ada",
]
#: How a process may lose its output, and what is said of it.
LOST = {
    ">&-": "it is closed",
    "> /dev/full": "No space left on device",
}


def run(
    line: str, directory: Path, given: bytes = b"", output: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """Run a line of Bash in which `hyperhive` is the program of this test."""
    script = f"hyperhive() {{ '{sys.executable}' -m hyperhive \"$@\"; }}\n{line}"
    return subprocess.run(
        ["/bin/bash", "-c", script],
        input=given,
        stdout=output,
        stderr=subprocess.PIPE,
        cwd=directory,
        timeout=60,
        check=False,
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "hive.toml").write_text(HIVE)
    return tmp_path


def one_line_about_output(result: subprocess.CompletedProcess[bytes], reason: str) -> None:
    expected = f"hyperhive: output_failed: standard output cannot be written: {reason}\n"
    assert (result.returncode, result.stderr.decode()) == (1, expected)


@pytest.mark.parametrize("command", ALONE)
@pytest.mark.parametrize("lost", LOST)
def test_a_command_that_cannot_print_says_so_in_one_line(command: str, lost: str, place: Path) -> None:
    one_line_about_output(run(f"hyperhive {command} {lost}", place), LOST[lost])


@pytest.mark.parametrize("command", CALLS)
@pytest.mark.parametrize("lost", LOST)
def test_a_call_of_the_broker_that_cannot_print_says_so_in_one_line(
    command: str, lost: str, place: Path, broker: Running
) -> None:
    result = run(f"HYPERHIVE_SOCKET={broker.socket} hyperhive {command} {lost}", place)
    if command.startswith("doctor"):
        # Nobody serves this agent, so there is nothing but its own error to print.
        assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    else:
        one_line_about_output(result, LOST[lost])


@pytest.mark.parametrize("command", [*ALONE, "hash-password"])
def test_a_reader_that_has_seen_enough_is_told_nothing(command: str, place: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    line = f"hyperhive {command}"
    try:
        result = run(line, place, b"a long password\n", output=writing)
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (1, b"")


def test_a_closed_standard_error_takes_no_output_away_and_an_error_nowhere(place: Path) -> None:
    listed = run("hyperhive check-config hive.toml 2>&-", place)
    assert (listed.returncode, listed.stdout) == (0, b"hive.toml: a good hive file (ada, manager)\n")
    for lost in ("2>&-", "2> /dev/full", ">&- 2>&-"):
        result = run(f"hyperhive check-config none.toml {lost}", place)
        assert (result.returncode, result.stdout, result.stderr) == (1, b"", b"")
    document = run("hyperhive check-config none.toml --json 2>&-", place)
    assert json.loads(document.stdout)["error"]["key"] == "config_invalid"


def test_what_is_opened_later_never_gets_the_number_of_a_closed_stream(place: Path, broker: Running) -> None:
    result = run(f"HYPERHIVE_SOCKET={broker.socket} hyperhive send ada - <&- >&-", place)
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    sent = run(f"HYPERHIVE_SOCKET={broker.socket} hyperhive send ada unseen >&- 2>&-", place)
    assert (sent.returncode, sent.stderr) == (1, b"")
    assert broker.admin.get("/api/messages?limit=1")["messages"][0]["body"] == "unseen"


@pytest.mark.parametrize("command", ["send ada -", "answer 1 -", "hash-password"])
def test_a_closed_standard_input_is_one_line(command: str, place: Path) -> None:
    result = run(f"hyperhive {command} <&-", place)
    assert result.stderr == b"hyperhive: invalid_request: standard input cannot be read: it is closed\n"
    assert (result.returncode, result.stdout) == (1, b"")


@pytest.mark.parametrize("lost", ["<&-", "< init >&-", "< init > /dev/full"])
def test_tools_over_stdio_that_lose_a_stream_end_in_one_line(lost: str, place: Path, broker: Running) -> None:
    paths = Paths(broker.directory, broker.directory / "run", place)
    harness = parse_hive(HIVE, paths, directory=place).harnesses["ada"]
    (place / "harness.json").write_text(harness.model_dump_json())
    initialize = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize}
    (place / "init").write_text(json.dumps(request) + "\n")
    result = run(f"hyperhive mcp --config harness.json {lost}", place)
    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (1, b"", 1)
    assert result.stderr.startswith(b"hyperhive: ")


def test_a_tool_hook_that_cannot_read_or_print_refuses_the_call(place: Path) -> None:
    for lost in ("<&-", ">&-", "> /dev/full"):
        result = run(f"hyperhive tool-hook --config none.json {lost}", place, b"{}")
        assert (result.returncode, b"Traceback" in result.stderr) == (2, False)


def test_bytes_that_are_no_text_are_sent_replaced_and_said(place: Path, broker: Running) -> None:
    hyperhive = f"HYPERHIVE_SOCKET={broker.socket} hyperhive"
    piped = run(f"printf 'caf\\xe9 \\xff\\0' | {hyperhive} send ada -", place)
    assert piped.returncode == 0, piped.stderr
    assert piped.stderr.decode().splitlines() == [
        "hyperhive: warning: in standard input, 2 bytes were not UTF-8 and were replaced by U+FFFD",
        "hyperhive: warning: in standard input, 1 character could not be kept and was replaced by U+FFFD",
    ]
    argument = run(f"{hyperhive} send ada $'caf\\xe9 au lait'", place)
    assert argument.stderr.decode() == (
        "hyperhive: warning: in an argument, 1 byte was not UTF-8 and was replaced by U+FFFD\n"
    )
    listed = broker.admin.get("/api/messages?limit=2")["messages"]
    assert [message["body"] for message in listed] == ["caf\ufffd au lait", "caf\ufffd \ufffd\ufffd"]


def test_a_text_is_sound_wherever_a_command_takes_one(place: Path, broker: Running) -> None:
    hyperhive = f"HYPERHIVE_SOCKET={broker.socket} hyperhive"
    question = broker.agent("ada").post("/v1/questions", {"question": "Which?"})
    answered = run(f"{hyperhive} answer {question['id']} --json $'t\\xe9'", place)
    assert json.loads(answered.stdout)["answer"] == "t\ufffd"
    for command in ("explain ada", "explain --config hive.toml ada"):
        explained = run(f"{hyperhive} {command} --json $'git log t\\xe9'", place)
        assert json.loads(explained.stdout)["commands"][0]["text"] == "git log 't\ufffd'"
    for command in ("start", "stop", "restart", "model", "stats", "doctor --agent"):
        refused = run(f"{hyperhive} {command} $'ad\\xe9'", place)
        assert (refused.returncode, b"Traceback" in refused.stderr) == (1, False), refused.stderr
        assert b"ad\xef\xbf\xbd" in refused.stderr


def test_a_file_may_have_a_name_that_is_no_text(place: Path) -> None:
    name = os.fsencode(place) + b"/caf\xe9.toml"
    Path(os.fsdecode(name)).write_text(HIVE)
    result = run("hyperhive check-config $'caf\\xe9.toml'", place)
    assert result.stdout == b"caf\\udce9.toml: a good hive file (ada, manager)\n"
    missing = run("hyperhive check-config --json $'t\\xe9.toml'", place)
    assert json.loads(missing.stdout)["error"]["message"].startswith("t\ufffd.toml: cannot be read")


def test_no_error_repeats_a_whole_text(place: Path, broker: Running) -> None:
    long = "x" * 100_000
    for command in (f"status {long}", f"explain {long} ls --config hive.toml", f"stats --since {long}", long):
        result = run(f"HYPERHIVE_SOCKET={broker.socket} hyperhive {command}", place)
        assert result.returncode in {1, 2}
        assert len(result.stderr) < 2000, command


def test_a_password_that_is_no_text_is_refused(place: Path) -> None:
    result = run("hyperhive hash-password", place, b"caf\xe9 caf\xe9\n")
    assert (result.returncode, result.stderr) == (
        1,
        b"hyperhive: invalid_request: password: is not UTF-8 text\n",
    )
