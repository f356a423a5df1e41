"""How scenarios are played and told on Debian, with scenarios of a few lines and no machine at all."""

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.nixos import debian

if not debian.DIRECTORY.is_dir():
    pytest.skip(f"no {debian.DIRECTORY}", allow_module_level=True)

errors: Any = debian.load("errors")
driver: Any = debian.load("driver")
reports: Any = debian.load("report")
crew: Any = debian.load("crew")
parts: Any = debian.load("parts")
runs: Any = debian.load("run")


class Broken:
    """A machine on which every command fails."""

    def succeed(self, command: str) -> str:
        raise errors.CommandError(f"command `{command}` failed (exit code 1)", "what it said\n")


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def report(output: io.StringIO) -> Any:
    return reports.Report(output)


def play(directory: Path, report: Any, text: str, seconds: float = 10.0) -> Any:
    path = directory / "small.py"
    path.write_text(text)
    return driver.play(path, Broken(), report, seconds)


def names(played: Any) -> list[str]:
    return [subtest.name for subtest in played.subtests]


def test_a_scenario_that_comes_true_is_its_subtests(tmp_path: Path, report: Any, output: io.StringIO) -> None:
    text = 'with subtest("one is one"):\n    assert 1 == 1\nwith subtest("two is two"):\n    pass\n'
    played = play(tmp_path, report, text)
    assert (played.scenario, names(played), played.failure) == ("small", ["one is one", "two is two"], None)
    shown = [line.split() for line in output.getvalue().splitlines()]
    assert [(line[0], line[-2:]) for line in shown] == [("ok", ["0.0", "s"])] * 2


def test_functions_of_a_scenario_see_what_it_names(tmp_path: Path, report: Any) -> None:
    text = 'N = 2\ndef twice(x):\n    with subtest("inside"):\n        return N * x\nassert twice(2) == 4\n'
    assert play(tmp_path, report, text).failure is None


def test_the_first_failure_ends_a_scenario_and_says_where_it_was(tmp_path: Path, report: Any) -> None:
    text = (
        "def look():\n    machine.succeed('look')\n"
        'with subtest("there is one"):\n    look()\n'
        'with subtest("never begun"):\n    pass\n'
    )
    played = play(tmp_path, report, text)
    failure = played.failure
    assert (names(played), failure.subtest.name) == ([], "there is one")
    assert failure.message == "command `look` failed (exit code 1)"
    assert failure.where == ((4, "look()"), (2, "machine.succeed('look')"))
    assert failure.output == "what it said\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("assert 1 == 2, 'one is not two'", "AssertionError: one is not two"),
        ("undefined", "NameError: name 'undefined' is not defined"),
        ("raise SystemError('x')", "SystemError: x"),
    ],
)
def test_whatever_a_scenario_raises_is_its_failure(
    tmp_path: Path, report: Any, text: str, message: str
) -> None:
    failure = play(tmp_path, report, text).failure
    assert (failure.message, failure.subtest, failure.where) == (message, None, ((1, text),))


def test_a_text_that_is_no_program_is_a_failure(tmp_path: Path, report: Any) -> None:
    assert "SyntaxError" in play(tmp_path, report, "with subtest(").failure.message


def test_of_nested_subtests_the_inner_one_has_failed(tmp_path: Path, report: Any) -> None:
    text = 'with subtest("outer"):\n    with subtest("inner"):\n        assert False\n'
    assert play(tmp_path, report, text).failure.subtest.name == "inner"


def test_a_scenario_that_takes_too_long_is_ended(tmp_path: Path, report: Any) -> None:
    begun = time.monotonic()
    failure = play(tmp_path, report, 'with subtest("for ever"):\n    while True: pass\n', 0.2).failure
    assert (failure.message, failure.subtest.name) == (
        "the scenario small took longer than 0 seconds",
        "for ever",
    )
    assert time.monotonic() - begun < 5


def test_a_failure_is_told_with_its_lines_and_the_end_of_the_output(
    report: Any, output: io.StringIO, tmp_path: Path
) -> None:
    said = "".join(f"line {number}\n" for number in range(50))
    failure = driver.Failure(
        "it failed", driver.Subtest("a sentence", 1.26), ((7, "look()"), (3, "machine.succeed('x')")), said
    )
    report.end(driver.Play("small", [], failure, 2.0))
    lines = output.getvalue().splitlines()
    assert lines[0].startswith("  FAIL a sentence .")
    assert lines[0].endswith("    1.3 s")
    assert lines[1:5] == [
        "    small.py:7: look()",
        "    small.py:3: machine.succeed('x')",
        "    it failed",
        "    output (the last 40 lines)",
    ]
    assert lines[5:] == [f"    | line {number}" for number in range(10, 50)]


def test_the_summary_counts_and_says_what_was_not_run(
    report: Any, output: io.StringIO, tmp_path: Path
) -> None:
    good = driver.Play("good", [driver.Subtest("a", 1.0)], None, 3.0)
    bad = driver.Play("bad", [], driver.Failure("no"), 4.0)
    report.summary([good, bad], ["later"], 12.3, "TCG", tmp_path)
    assert output.getvalue().splitlines() == [
        "",
        "  passed  good                   1 subtests      3.0 s",
        "  FAILED  bad                    0 subtests      4.0 s",
        "  not run later",
        "",
        f"1 of 3 scenarios passed, 1 subtests, 12 s on TCG; logs in {tmp_path}",
    ]


def test_a_weakened_hive_is_good_only_when_the_right_subtest_fails() -> None:
    weakening = parts.Weakening("small", "the wall holds", lambda _: None)
    passed = driver.Play("small", [driver.Subtest("the wall holds", 1.0)], None, 1.0)
    other = driver.Play("small", [], driver.Failure("no", driver.Subtest("something", 1.0)), 1.0)
    right = driver.Play("small", [], driver.Failure("no", driver.Subtest("the wall holds", 1.0)), 1.0)
    judged = [parts.judge("weak", weakening, played) for played in (passed, other, right)]
    assert [one.failure and one.failure.message for one in judged] == [
        "nobody noticed; this should have failed: the wall holds",
        "no\nthis should have failed instead: the wall holds",
        None,
    ]
    assert [subtest.name for subtest in judged[2].subtests] == ["noticed: the wall holds"]
    assert parts.judge("small", None, other) is other


def test_parts_with_one_hive_share_a_computer_and_all_take_about_as_long() -> None:
    hives = [("a1", "a"), ("b1", "b"), ("a2", "a"), ("c1", "c"), ("a3", "a"), ("b2", "b")]
    assert parts.deal(hives, 2) == {"a1": 0, "a2": 0, "a3": 0, "b1": 1, "b2": 1, "c1": 1}
    assert set(parts.deal(hives, 1).values()) == {0}
    # A few are no such reason, as otherwise one computer would have much more to play.
    apart = [("isolation", "i"), ("isolation_kernel", "i"), ("selftest", "i")]
    assert parts.deal(apart, 2) == {"isolation": 0, "isolation_kernel": 0, "selftest": 1}
    # One that takes long is worth several.
    assert parts.deal([*hives, ("restart", "c")], 2)["a1"] != parts.deal([*hives, ("restart", "c")], 2)["c1"]
    assert set(parts._LONG) <= {part.name for part in parts.parts()}


def test_the_hives_of_all_scenarios_are_dealt_whatever_is_asked_for() -> None:
    known = parts.parts()
    keys = [(part.name, part.hive().key()) for part in known]
    # Two hives for most, one that restarts, and one for each weakening.
    assert len({key for _, key in keys}) == 3 + len(parts.WEAKENINGS)
    place = parts.deal(keys, 2)
    assert sorted(place) == sorted(part.name for part in known)
    shares = crew.grouped(place, known[:1])
    assert shares == {place[known[0].name]: known[:1]}


def test_of_those_with_one_hive_who_needs_a_fresh_one_plays_first_and_who_leaves_none_last() -> None:
    known = {part.name: part for part in parts.parts()}
    hives = [(name, "attacked" if name.startswith("isolation") else "other") for name in known]
    chosen = [known[name] for name in ("isolation_planted", "messages", "isolation", "boot")]
    arranged = [part.name for part in parts.arranged(chosen, hives)]
    assert arranged == ["isolation", "isolation_planted", "boot", "messages"]


class Kept(debian.LocalComputer):
    """A computer with saved states."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.loads: list[str] = []

    def load(self, state: str) -> None:
        self.stop()
        self.loads.append(state)
        self.start()


@dataclass(frozen=True)
class Small:
    """A part of a line, with a hive that has nothing but a key."""

    name: str
    path: Path
    key_of_hive: str
    is_ruinous: bool = False
    needs_fresh: bool = False
    weakening: None = None

    def hive(self) -> Any:
        return SimpleNamespace(key=lambda: self.key_of_hive, play=lambda machine: machine.succeed("true"))


def test_a_hive_goes_on_until_something_fails_or_leaves_none(
    tmp_path: Path, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "Machine", partial(runs.Machine, scratch=str(tmp_path)))
    texts = {"good": 'machine.succeed("true")', "bad": 'machine.succeed("false")'}
    for word, text in texts.items():
        (tmp_path / f"{word}.py").write_text(text)
    (tmp_path / "logs").mkdir()
    (tmp_path / "home").mkdir()
    story = [
        ("a1", "good", "a", False),
        ("a2", "good", "a", False),
        ("a3", "bad", "a", False),
        ("a4", "good", "a", True),
        ("a5", "good", "a", False),
        ("b1", "good", "b", False),
        ("b2", "good", "b", False),
        ("b-fresh", "good", "b", False),
        ("b3", "good", "b", False),
    ]
    loads = []
    with Kept(tmp_path / "home") as computer:
        run = runs.Run(computer, {"hive-a", "hive-b"}, report, tmp_path / "logs", 1.0)
        for name, text, key, is_ruinous in story:
            before = len(computer.loads)
            part = Small(name, tmp_path / f"{text}.py", key, is_ruinous, name.endswith("fresh"))
            played = run.play(part)
            assert (played.failure is None) == (text == "good"), played
            loads.append(computer.loads[before:])
    assert loads == [["hive-a"], [], [], ["hive-a"], ["hive-a"], ["hive-b"], [], ["hive-b"], []]


def test_computers_that_play_at_once_are_told_part_by_part_and_ended_together() -> None:
    def player(number: int, share: Any, report: Any) -> Iterator[Any]:
        for part in share:
            if part == "hangs":
                time.sleep(60)
            if part == "breaks":
                raise KeyboardInterrupt
            report.say(f"{part} on {number}")
            yield driver.Play(part)

    told = sorted(crew.play_at_once({0: ["a", "breaks", "never"], 1: ["b", "c"]}, player), key=str)
    assert [(said, played.scenario) for said, played in told] == [
        ("a on 0\n", "a"),
        ("b on 1\n", "b"),
        ("c on 1\n", "c"),
    ]
    begun = time.monotonic()
    playing = crew.play_at_once({0: ["a"], 1: ["hangs"]}, player)
    assert next(playing)[1].scenario == "a"
    playing.close()
    assert time.monotonic() - begun < 30


def test_a_scenario_that_does_not_exist_is_refused_with_the_names_of_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        runs.main(["massages"])
    assert ended.value.code == 2
    assert "there is no scenario 'massages': bash_list, boot" in capsys.readouterr().err


def test_the_programs_of_the_machine_have_types_that_are_right(tmp_path: Path) -> None:
    files = sorted(str(path) for path in debian.DIRECTORY.glob("*.py"))
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path), *files],
        cwd=debian.DIRECTORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (
        0,
        f"Success: no issues found in {len(files)} source files\n",
    )
