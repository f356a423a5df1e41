import random

import pytest

from hyperhive.domain.terminal import Scrollback, allowance, closed_note, one_line
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
    said = "A terminal was closed"
    assert closed_note(end(exit_code=7)) == f"{said}: exit code 7."
    assert closed_note(end(signal=9), "me") == f"{said} by the operator (me): signal 9."
    assert closed_note(end(reason="its harness went away")) == f"{said}: its harness went away."
    assert (
        closed_note(end(reason="the harness stopped", signal=1)) == f"{said}: the harness stopped, signal 1."
    )


def test_everything_is_kept_until_the_room_is_used_up() -> None:
    ring = Scrollback(8)
    ring.append(b"abc")
    ring.append(b"defgh")
    assert (ring.start, ring.end, ring.read(0, 100)) == (0, 8, b"abcdefgh")
    assert ring.read(3, 2) == b"de"
    assert ring.read(8, 100) == b""


def test_the_oldest_bytes_make_room_and_offsets_stay() -> None:
    ring = Scrollback(4)
    ring.append(b"abcdef")
    ring.append(b"g")
    assert (ring.start, ring.end, ring.read(3, 4)) == (3, 7, b"defg")
    for gone in (2, 8):
        with pytest.raises(ValueError, match=r"is not in 3\.\.7"):
            ring.read(gone, 1)


def test_who_has_seen_nothing_begins_at_a_line() -> None:
    ring = Scrollback(8)
    ring.append(b"one\n")
    assert ring.beginning().offset == 0
    ring.append(b"two\nthree\n")
    assert ring.read(ring.beginning().offset, 100) == b"three\n"
    ring.append(b"x" * 20)
    assert ring.beginning().offset == ring.start


def test_it_holds_what_a_plain_string_would() -> None:
    chance = random.Random(5)
    for capacity in (1, 7, 64):
        ring, whole = Scrollback(capacity), b""
        for _ in range(200):
            data = chance.randbytes(chance.randrange(capacity * 2))
            ring.append(data)
            whole += data
            assert ring.end == len(whole)
            assert ring.read(ring.start, capacity) == whole[ring.start :]
            assert ring.end - ring.start == min(capacity, len(whole))
            at = chance.randint(ring.start, ring.end)
            assert ring.read(at, 5) == whole[at : at + 5]
