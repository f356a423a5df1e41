"""What is made of text that nobody can keep, and how errors repeat what they were given."""

import json
from dataclasses import dataclass

import pytest

from hyperhive.text import JsonSize, decoded, json_size, replaced_note, shown, sound, sound_json, sound_text

HALF = "\ud83d"


@dataclass(frozen=True)
class Block:
    text: str
    inner: list[object]


def test_halves_of_characters_are_replaced_and_counted() -> None:
    assert sound_text(f"a{HALF}b\udce9c") == ("a\ufffdb\ufffdc", 2)
    assert sound_text("whole 😀 \0") == ("whole 😀 \0", 0)
    assert sound_text(f"\0{HALF}", nul=True) == ("\ufffd\ufffd", 2)


def test_each_byte_that_is_no_text_is_replaced() -> None:
    assert decoded(b"caf\xe9 \xe2\x82") == ("caf\ufffd \ufffd\ufffd", 3)
    assert decoded("ü😀".encode()) == ("ü😀", 0)


def test_a_value_is_made_sound_in_all_its_depth() -> None:
    block = Block(HALF, [{HALF: [HALF, 1, None, True, "ok"]}])
    assert sound([block]) == ([Block("\ufffd", [{"\ufffd": ["\ufffd", 1, None, True, "ok"]}])], 3)
    deep: object = HALF
    for _ in range(100_000):
        deep = [deep]
    assert sound(deep)[1] == 1


def test_keys_that_differ_in_what_was_replaced_stay_apart() -> None:
    keys = ["\ud83d", "\ud83e", "\ufffd"]
    mended, _ = sound({key: number for number, key in enumerate(keys)})
    assert mended == {"\ufffd": 0, "\ufffd" * 2: 1, "\ufffd" * 3: 2}


@pytest.mark.parametrize(
    ("source", "read", "replaced"),
    [
        (rb'{"a": "\ud83d"}', {"a": "\ufffd"}, 1),
        (rb'{"\uD83d": "\uDe00"}', {"\ufffd": "\ufffd"}, 2),
        (rb'"\ud83d\ude00"', "😀", 0),
        (rb'"\ud83d\ud83d\ude00\ude00"', "\ufffd😀\ufffd", 2),
        (rb'"\ud83d\\ude00"', "\ufffd\\ude00", 1),
        (rb'"\\ud83d"', r"\ud83d", 0),
        (rb'"\\\ud83d"', "\\\ufffd", 1),
        (rb'"a\u0000b"', "a\ufffdb", 1),
        (rb'"a\\u0000b"', r"a\u0000b", 0),
        (b'"caf\xe9"', "caf\ufffd", 1),
        ('"ü \\u00fc"'.encode(), "ü ü", 0),
    ],
)
def test_json_is_made_sound_before_it_is_read(source: bytes, read: object, replaced: int) -> None:
    text, count = sound_json(source)
    assert (json.loads(text), count) == (read, replaced)


def test_what_is_no_json_stays_what_it_is() -> None:
    assert sound_json(b"{") == ("{", 0)
    assert sound_json('"\\u12') == ('"\\u12', 0)
    assert sound_json("\\") == ("\\", 0)


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ("{}", (0, 2)),
        ("7", (0, 1)),
        ('{"a": 1, "b": [2, 3]}', (2, 5)),
        (r'{"a:,[{\\": "b\\\":,[{", "\"": "\\"}', (2, 3)),
        (r'["\\\\", "\\\"", ","]', (0, 4)),
    ],
)
def test_json_is_measured_without_what_is_in_its_texts(source: str, size: tuple[int, int]) -> None:
    json.loads(source)
    assert json_size(source.encode(), 100) == JsonSize(*size)


def test_json_is_measured_up_to_a_size() -> None:
    for one in ('""', r'"\\"', "0", "[]", "{}", '{"a": 1}', '{"": ""}'):
        source = f"[{','.join([one] * 5000)}]".encode()
        assert json_size(source, 1000).values > 1000


def test_json_with_too_much_to_replace_is_refused() -> None:
    for source, count in [(rb'"\ud83d\u0000"', 2), (b'"\xff\xe9x"', 2), (r'"\udfff \\\u0000"', 2)]:
        assert sound_json(source, most=count)[1] == count
        with pytest.raises(ValueError, match=r"more than 1 .* of it are no text"):
            sound_json(source, most=count - 1)


def test_whoever_gave_it_is_told_how_much() -> None:
    assert replaced_note(1, "byte") == "1 byte was not UTF-8 and was replaced by U+FFFD"
    assert replaced_note(2) == "2 characters could not be kept and were replaced by U+FFFD"


def test_an_error_repeats_only_the_beginning_of_what_it_was_given() -> None:
    assert shown("a\n\x1b") == r"'a\n\x1b'"
    assert shown(HALF) == r"'\ud83d'"
    assert shown("x" * 1_000_000) == f"'{'x' * 199}…"
    assert len(shown({"key": "x" * 1000})) == 201
