"""Tries to make something shorter stop when they bring nothing."""

from hyperhive.domain.compaction import Breaker


def failed(size: int, tries: int) -> Breaker:
    breaker = Breaker()
    for _ in range(tries):
        breaker = breaker.tried(size).judged(gained=False)
    return breaker


def test_two_tries_without_gain_are_the_last() -> None:
    assert failed(1000, 1).allows(1000)
    assert not failed(1000, 2).allows(1000)


def test_a_tenth_more_allows_one_more_try() -> None:
    stopped = failed(1000, 2)
    assert [stopped.allows(size) for size in (999, 1099, 1100)] == [False, False, True]
    again = stopped.tried(1100).judged(gained=False)
    assert [again.allows(size) for size in (1100, 1209, 1210)] == [False, False, True]


def test_of_what_has_no_known_size_nothing_grew() -> None:
    assert not failed(0, 2).allows(0)
    assert failed(0, 2).allows(1)


def test_gain_begins_anew() -> None:
    assert failed(1000, 5).judged(gained=True) == Breaker()
    assert failed(1000, 1).tried(1000).judged(gained=True) == Breaker()


def test_one_try_counts_once_however_often_it_is_looked_at() -> None:
    assert failed(1000, 1).judged(gained=False).judged(gained=False).failures == 1
