from hyperhive.cli.command import ago, one_line, printable, table


def test_nothing_that_steers_a_terminal_gets_through() -> None:
    text = "red \x1b[31m bell \x07 c1 \x9b right-to-left \u202e zero\u200bwidth ü 漢\n\ttab"
    assert (
        printable(text)
        == "red \\x1b[31m bell \\x07 c1 \\x9b right-to-left \\u202e zero\\u200bwidth ü 漢\n\ttab"
    )


def test_what_takes_no_room_is_written_out() -> None:
    assert (
        printable("yes\u3164 yes\u034f yes\ufe0f yes\u2800") == "yes\\u3164 yes\\u034f yes\\ufe0f yes\\u2800"
    )


def test_a_long_text_is_cut_to_one_line() -> None:
    assert one_line("a\nb  c", 10) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table([("a", "bb", "c"), ("aaa", "b", "")]) == "a    bb  c\naaa  b"


def test_a_length_of_time_has_one_unit() -> None:
    assert [ago(seconds) for seconds in (-1, 59.9, 60, 3600, 200000)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h",
        "2 d",
    ]
