"""The last part of a stream, byte for byte."""

import random

import pytest

from hyperhive.domain.scrollback import Scrollback


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


def test_it_can_begin_anywhere() -> None:
    ring = Scrollback(4)
    ring.append(b"ab")
    ring.begin(10)
    ring.append(b"cde")
    assert (ring.start, ring.end, ring.read(10, 9)) == (10, 13, b"cde")


def test_who_has_seen_nothing_begins_at_a_line() -> None:
    ring = Scrollback(8)
    ring.append(b"one\n")
    assert ring.first_line() == 0
    ring.append(b"two\nthree\n")
    assert ring.read(ring.first_line(), 100) == b"three\n"
    ring.append(b"x" * 20)
    assert ring.first_line() == ring.start


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
