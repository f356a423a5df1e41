import asyncio
from typing import Any

from hyperhive.diagnosis.host_probes import OUTSIDE
from hyperhive.diagnosis.isolation import INSIDE
from hyperhive.diagnosis.probe import Judgement, Probe, check, complete, judged, observe, ok, skipped
from hyperhive.errors import UnavailableError
from hyperhive.protocol.diagnosis import FOUND_LIMIT, Check, Finding, Observation, Outcome

PROBES: list[Probe[Any]] = [
    Probe("wall", lambda _: ok(""), None, "holds", "broken", absent="given", unseen="unseen"),
    Probe("other", lambda _: ok(""), None, "works", "does not work", wall=False, name="The other"),
]


def seen(key: str, found: str, outcome: Outcome = Outcome.OK) -> Observation:
    return Observation(key=key, outcome=outcome, found=found)


def test_every_outcome_has_its_meaning() -> None:
    assert {
        outcome: complete(PROBES, [seen("wall", "x", outcome)], contained=True)[0].meaning
        for outcome in Outcome
    } == {
        Outcome.OK: "holds",
        Outcome.FAILED: "broken",
        Outcome.NONE: "given",
        Outcome.SKIPPED: "unseen",
    }


def test_only_walls_are_forgiven_where_nobody_promised_them() -> None:
    failures = [seen("other", "o", Outcome.FAILED), seen("wall", "w", Outcome.FAILED)]
    assert complete(PROBES, failures, contained=False) == [
        Finding(key="wall", name="wall", outcome=Outcome.NONE, found="w", meaning="given"),
        Finding(key="other", name="The other", outcome=Outcome.FAILED, found="o", meaning="does not work"),
    ]
    assert [one.outcome for one in complete(PROBES, failures, contained=True)] == [
        Outcome.FAILED,
        Outcome.FAILED,
    ]


def test_a_wall_that_holds_is_shown_also_where_nobody_promised_it() -> None:
    [wall, _] = complete(PROBES, [seen("wall", "w")], contained=False)
    assert wall == Finding(key="wall", name="wall", outcome=Outcome.OK, found="w", meaning="holds")


def test_silence_fails_with_and_without_walls() -> None:
    for contained in (True, False):
        assert complete(PROBES, [], contained=contained)[0] == Finding(
            key="wall", name="wall", outcome=Outcome.FAILED, found="no answer", meaning="unseen"
        )


def test_what_an_agent_makes_up_is_left_out_and_said_twice_counts_once() -> None:
    said = [
        seen("wall", "first", Outcome.FAILED),
        seen("wall", "second"),
        seen("invented", "x"),
        seen("other", "o"),
    ]
    assert [(one.key, one.outcome, one.found) for one in complete(PROBES, said, contained=True)] == [
        ("wall", Outcome.FAILED, "first"),
        ("other", Outcome.OK, "o"),
    ]


async def test_a_long_or_many_lined_text_becomes_one_short_line() -> None:
    probes = [Probe("x", lambda _: ok("one\ntwo")), Probe("y", lambda _: ok("y" * 9999))]
    [lines, long] = await observe(probes, None, 5)
    assert (lines.found, len(long.found)) == ("one two", FOUND_LIMIT)
    # Whoever sends it may not be as careful.
    sent = seen("wall", "ok\nfailed   other: x")
    assert complete(PROBES, [sent], contained=True)[0].found == "ok failed other: x"


def test_keys_fit_the_wire_and_belong_to_one_probe_only() -> None:
    keys = [probe.key for probe in (*INSIDE, *OUTSIDE)]
    assert len(set(keys)) == len(keys)
    assert max(map(len, keys)) <= 64


async def test_what_was_observed_is_judged_and_what_leaves_nothing_to_judge_is_not() -> None:
    async def later(place: int) -> tuple[int, str] | Judgement:
        await asyncio.sleep(0)
        return (place, "later") if place else skipped("nothing there")

    def judge(number: int, word: str) -> Judgement:
        return judged(f"{word} {number}", held=number == 1)

    probes = [Probe("at_once", lambda place: (place, "at once"), judge), Probe("later", later, judge)]
    assert await check(probes, 1, "ada") == [
        Check(key="at_once", name="at once", about="ada", outcome=Outcome.OK, found="at once 1"),
        Check(key="later", name="later", about="ada", outcome=Outcome.OK, found="later 1"),
    ]
    assert [(one.outcome, one.found) for one in await check(probes, 0)] == [
        (Outcome.FAILED, "at once 0"),
        (Outcome.SKIPPED, "nothing there"),
    ]


async def test_what_cannot_be_looked_at_is_skipped_with_the_reason() -> None:
    def fail(error: Exception) -> Judgement:
        raise error

    probe = Probe("x", fail)
    reasons = {
        UnavailableError("no bus"): "no bus",
        FileNotFoundError(2, "No such file", "/x"): "cannot be looked at: /x: No such file",
        OSError("odd"): "cannot be looked at: odd",
        ValueError("no number"): "cannot be looked at: no number",
    }
    assert {error: await probe.look(error) for error in reasons} == {
        error: skipped(reason) for error, reason in reasons.items()
    }


async def test_a_probe_that_does_not_end_in_time_is_left_out_alone() -> None:
    async def hang(_: None) -> Judgement:
        await asyncio.sleep(60)
        return ok("late")

    probes = [Probe("hangs", hang), Probe("works", lambda _: ok("here"))]
    assert await observe(probes, None, 0.2) == [seen("works", "here")]
