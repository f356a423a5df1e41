import re
from collections.abc import Iterator

from hyperhive.errors import HyperhiveError


def all_errors(base: type[HyperhiveError] = HyperhiveError) -> Iterator[type[HyperhiveError]]:
    yield base
    for child in base.__subclasses__():
        yield from all_errors(child)


def test_every_error_has_a_stable_key_and_an_http_status() -> None:
    for error in all_errors():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.key), error
        assert 400 <= error.status < 600, error


def test_an_error_is_its_sentence() -> None:
    for error in all_errors():
        if error.__init__ is HyperhiveError.__init__:
            assert (str(error("a sentence")), error("a sentence").message) == ("a sentence", "a sentence")
