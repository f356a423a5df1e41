from hyperhive.domain.rate_limit import SlidingWindow

NOW = 1_700_000_000.0


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
