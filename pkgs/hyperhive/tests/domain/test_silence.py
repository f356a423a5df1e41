"""Silence is time in which the model could have spoken."""

from hyperhive.domain.silence import Silence


def test_silence_grows_until_something_is_heard() -> None:
    silence = Silence(100.0)
    silence.look(110.0, 0, busy=False)
    silence.look(125.0, 0, busy=False)
    assert silence.seconds == 25.0
    silence.look(130.0, 1, busy=False)
    assert silence.seconds == 0.0


def test_a_tool_that_runs_is_no_silence() -> None:
    silence = Silence(100.0)
    for now in (110.0, 120.0, 130.0):
        silence.look(now, 0, busy=True)
    assert silence.seconds == 0.0


def test_time_that_the_machine_slept_is_no_silence() -> None:
    silence = Silence(100.0)
    silence.look(100_000.0, 0, busy=False)
    assert silence.seconds == 30.0
