"""What forgotten output has left behind; `test_terminal_emulator.py` asks the emulator whether it is so."""

import random

import pytest

from hyperhive.domain.terminal import Scrollback
from hyperhive.domain.terminal_state import SHELL_BYTES, TerminalState
from hyperhive.protocol.terminal import FRAME_BYTES, State


def state_of(*parts: bytes) -> TerminalState:
    state = TerminalState()
    for part in parts:
        state.feed(part)
    return state


@pytest.mark.parametrize(
    ("output", "sequences"),
    [
        (b"plain text\r\nand more", b""),
        (b"\x1b[?2004h\x1b[?1h\x1b=", b"\x1b[?2004h\x1b[?1h\x1b="),
        (b"\x1b[?2004;25l", b"\x1b[?2004l\x1b[?25l"),
        (b"\x1b[?1000h\x1b[?1002h\x1b[?1006h", b"\x1b[?1002h\x1b[?1006h"),
        (b"\x1b[?1000h\x1b[?1002l", b"\x1b[?1002l"),
        (b"\x1b[2;10r\x1b[?6h\x1b[4h", b"\x1b7\x1b[2;10r\x1b[?6h\x1b8\x1b[4h"),
        (b"\x1b[5 q\x1b(0\x0e", b"\x1b[5 q\x1b(0\x0e"),
        (b"\xc2\x9b?2004h", b"\x1b[?2004h"),
        (b"\x1b]0;a title\x07\x1b]2;another\x1b\\", b"\x1b]2;another\x07"),
        (b"\x1b]4;1;#123456\x07\x1b]11;red\x07\x1b]4;1;?\x07", b"\x1b]4;1;#123456\x07\x1b]11;red\x07"),
        (b"\x1b]4;1;#123456\x07\x1b]11;red\x07\x1b]104\x07\x1b]111\x07", b""),
        (b"\x1b[1;31;44mx\x1b[22m", b"\x1b[31;44m"),
        (b"\x1b[1m\x1b[0m\x1b[38;5;9;4m\x1b[92m", b"\x1b[92;4m"),
        (b"\x1b[38;2;1;2;3;7m\x1b[48:2::1:2:3m", b"\x1b[38;2;1;2;3;7;48:2::1:2:3m"),
        (b"\x1b[?2004h\x1b[?1000h\x1b[1m\x1b[!p", b"\x1b[?1000h"),
        (b"\x1b[?2004h\x1b[?1000h\x1b[?1049h\x1b[1m\x1bc", b""),
        (b"\r\x1b[3g    \x1bH    \x1bH\r", b"\x1b7\x1b[3g\x1b[5G\x1bH\x1b[9G\x1bH\x1b8"),
        (b"\x1b]0;\x0e\x07\x1b[>4;1m\x1b[?1;2c\x1b[6n", b"\x1b]0;\x0e\x07"),
    ],
)
def test_what_was_set_is_set_again(output: bytes, sequences: bytes) -> None:
    assert state_of(output).sequences() == sequences
    assert state_of(*(output[at : at + 1] for at in range(len(output)))).sequences() == sequences


@pytest.mark.parametrize(
    "cut", [b"\x1b", b"\x1b[", b"\x1b[38;5", b"\x1b]0;half a ti", b"\x1b(", b"\xe2\x9a", b"\xf0"]
)
def test_a_sequence_or_character_that_is_cut_goes_on(cut: bytes) -> None:
    assert state_of(b"\x1b[1m text " + cut).sequences() == b"\x1b[1m" + cut


def test_the_normal_screen_is_drawn_below_the_alternate_one() -> None:
    state = state_of(b"one\r\n\x1b[1mhive> vi\r\n\x1b[?1049h\x1b[?1h\x1b[31m", b"drawn" * 100_000)
    sequences = state.sequences()
    shell, _, rest = sequences.partition(b"\x1b[?1049h")
    assert state.is_alternate
    assert shell.startswith(b"one\r\n\x1b[1mhive> vi\r\n")
    assert rest.endswith(b"\x1b[?1h\x1b[1;31m")
    assert b"drawn" not in sequences
    state.feed(b"\x1b[?1049l")
    assert state.sequences() == b"\x1b[1m\x1b7\x1b[m\x1b[?1h\x1b[1m"


def test_any_output_leaves_a_state_that_one_frame_carries() -> None:
    chance = random.Random(1)
    worst = [
        b"\x1b[?1049h",
        b"".join(b"\x1b]4;%d;rgb:ffff/ffff/ffff\x07" % one for one in range(256)),
        b"\r\x1b[3g" + b" \x1bH" * 500,
        b"\x1b]0;" + b"t" * 100_000 + b"\x07",
        b"\x1b[" + b"9" * 100_000 + b"m",
        b"\x1b[38;2;" + b"9" * 5_000 + b";1;1m",
        b"\x1b]0;" + b"x" * 3_000_000,
    ]
    hostile = bytes(chance.choice(b"\x1b[]?;:0123hlmrPX^_cHgq (\x07\\\xc2\x9b\xff") for _ in range(300_000))
    state = state_of(b"x" * 2 * SHELL_BYTES, *worst)
    for found in (
        state.sequences(),
        state_of(hostile).sequences(),
        state_of(b"a\n" * SHELL_BYTES, hostile).sequences(),
    ):
        assert len(State(offset=0, sequences="A" * (len(found) * 4 // 3 + 4)).model_dump_json()) < FRAME_BYTES


def test_a_window_begins_with_the_state_of_what_is_not_kept() -> None:
    ring = Scrollback(100)
    ring.append(b"\x1b[?2004h" + b"first line\n")
    assert ring.beginning() == (0, b"", False)
    ring.append(b"\x1b[31msecond line\n" * 8)
    begin = ring.beginning()
    assert ring.read(begin.offset, 100).startswith(b"\x1b[31msecond line\n")
    assert begin.state == b"\x1b[?2004h\x1b[31m"
    ring.append(b"\x1b[?1049h" + b"x" * 300)
    assert ring.beginning().offset == ring.start
    assert ring.beginning().is_blank
    # In one piece that is larger than the ring.
    other = Scrollback(100)
    other.append(b"\x1b[?2004h" + b"line\n" * 100)
    assert other.beginning().state == b"\x1b[?2004h"
