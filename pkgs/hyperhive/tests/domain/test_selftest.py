from hyperhive.domain.selftest import INSIDE, OUTSIDE, Probe, complete, observed, succeeded, unclear
from hyperhive.protocol.selftest import FOUND_LIMIT, Finding, Observation, Outcome

PROBES = {
    "wall": Probe("holds", "broken", absent="given", unseen="unseen"),
    "other": Probe("works", "does not work", wall=False),
}


def test_every_outcome_has_its_meaning() -> None:
    assert {
        outcome: complete(PROBES, [unclear("wall", outcome, "x")], contained=True)[0].meaning
        for outcome in Outcome
    } == {
        Outcome.OK: "holds",
        Outcome.FAILED: "broken",
        Outcome.NONE: "given",
        Outcome.SKIPPED: "unseen",
    }


def test_only_walls_are_forgiven_where_nobody_promised_them() -> None:
    seen = [observed("other", "o", held=False), observed("wall", "w", held=False)]
    assert complete(PROBES, seen, contained=False) == [
        Finding(name="wall", outcome=Outcome.NONE, found="w", meaning="given"),
        Finding(name="other", outcome=Outcome.FAILED, found="o", meaning="does not work"),
    ]
    assert not succeeded(complete(PROBES, seen, contained=False))
    assert [one.outcome for one in complete(PROBES, seen, contained=True)] == [Outcome.FAILED, Outcome.FAILED]


def test_a_wall_that_holds_is_shown_also_where_nobody_promised_it() -> None:
    [wall, _] = complete(PROBES, [observed("wall", "w", held=True)], contained=False)
    assert wall == Finding(name="wall", outcome=Outcome.OK, found="w", meaning="holds")


def test_silence_fails_with_and_without_walls() -> None:
    for contained in (True, False):
        assert complete(PROBES, [], contained=contained)[0] == Finding(
            name="wall", outcome=Outcome.FAILED, found="no answer", meaning="unseen"
        )


def test_what_an_agent_makes_up_is_left_out_and_said_twice_counts_once() -> None:
    seen = [
        observed("wall", "first", held=False),
        observed("wall", "second", held=True),
        observed("invented", "x", held=True),
        observed("other", "o", held=True),
    ]
    assert [(one.name, one.outcome, one.found) for one in complete(PROBES, seen, contained=True)] == [
        ("wall", Outcome.FAILED, "first"),
        ("other", Outcome.OK, "o"),
    ]


def test_a_long_or_many_lined_text_becomes_one_short_line() -> None:
    assert observed("x", "one\ntwo", held=True).found == "one two"
    assert len(unclear("x", Outcome.OK, "y" * 9999).found) == FOUND_LIMIT
    # Whoever sends it may not be as careful.
    sent = Observation(name="wall", outcome=Outcome.OK, found="ok\nfailed   other: x")
    assert complete(PROBES, [sent], contained=True)[0].found == "ok failed other: x"


def test_names_fit_the_wire_and_belong_to_one_side_only() -> None:
    assert set(INSIDE) & set(OUTSIDE) == set()
    assert max(map(len, [*INSIDE, *OUTSIDE])) <= 64
