from hyperhive.domain.terminal import allowance, end_words, one_line
from hyperhive.protocol.terminal import EXACT_SECONDS, SCROLLBACK_BYTES, WINDOW_BYTES, TerminalEnd


def test_the_farthest_window_sets_the_pace() -> None:
    assert allowance([10, 500, 70], seen=900, end=1000, alone_seconds=0) == 500 + WINDOW_BYTES


def test_what_nobody_sees_waits_and_after_a_while_is_let_go() -> None:
    kept = allowance([], seen=900, end=1000, alone_seconds=EXACT_SECONDS - 1)
    assert kept == 900 + SCROLLBACK_BYTES
    assert allowance([], seen=900, end=7000, alone_seconds=EXACT_SECONDS) == 7000 + WINDOW_BYTES


def test_an_agents_text_is_one_line_without_control_characters() -> None:
    assert one_line(" a\nINFO forged\x1b[31m\u2028 line ") == "a INFO forged [31m line"


def end(**fields: object) -> TerminalEnd:
    return TerminalEnd.model_validate({"at": 1.0, "exit_code": None, "signal": None, "reason": ""} | fields)


def test_an_end_is_said_in_words() -> None:
    assert end_words(end(exit_code=7)) == "exit code 7"
    assert end_words(end(signal=9)) == "signal 9"
    assert end_words(end(reason="its harness went away")) == "its harness went away"
    assert end_words(end(reason="the harness stopped", signal=1)) == "the harness stopped, signal 1"
