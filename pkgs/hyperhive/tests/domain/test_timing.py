import pytest

from hyperhive.domain.timing import Backoff, PauseWatch, SlidingWindow, day_start

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("timestamp", "start"),
    [(0.0, 0.0), (86_399.9, 0.0), (86_400.0, 86_400.0), (1_793_707_200.5, 1_793_664_000.0)],
)
def test_a_day_begins_at_midnight_utc(timestamp: float, start: float) -> None:
    assert day_start(timestamp) == start


def test_delays_double_up_to_the_ceiling_and_start_again_after_a_success() -> None:
    backoff = Backoff(1, 30)
    assert [backoff.next() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.next() == 1


def test_a_window_has_room_again_once_the_first_has_left_it() -> None:
    window = SlidingWindow(5)
    for number in range(5):
        assert window.left(NOW + number) == 5 - number
        assert window.take(NOW + number)
    assert (window.left(NOW + 59), window.frees_at(NOW + 59)) == (0, NOW + 60)
    assert window.left(NOW + 60) == 1
    # A clock that was set back does not close it for ever.
    assert window.left(NOW - 5000) == 5


def test_what_is_too_much_does_not_count() -> None:
    window = SlidingWindow(1, seconds=10)
    assert [window.take(NOW + second) for second in (0, 9, 10, 19)] == [True, False, True, False]


def test_a_loop_that_stood_still_knows_for_how_long_whichever_clock_went_on() -> None:
    boot, day = [100.0], [NOW]
    watch = PauseWatch(1.0, lambda: boot[0], lambda: day[0])

    def tick(boot_seconds: float, day_seconds: float) -> float:
        boot[0] += boot_seconds
        day[0] += day_seconds
        return watch.tick()

    assert tick(1, 1) == 0
    assert tick(2.9, 2.9) == 0
    assert tick(61, 61) == 60
    assert tick(1, 1) == 0
    assert tick(601, 1) == 600
    assert tick(1, 3601) == 3600
    assert tick(1, -3600) == 0
    assert tick(1, 1) == 0
