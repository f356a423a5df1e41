import pytest

from hyperhive.domain.passwords import check_hash, hash_password, matches

HASH = hash_password("correct horse", b"0123456789abcdef")


def test_only_the_password_that_was_hashed_matches() -> None:
    assert HASH.startswith("scrypt$32768$8$1$30313233343536373839616263646566$")
    assert matches("correct horse", HASH)
    assert not matches("correct horse ", HASH)


@pytest.mark.parametrize(
    "line", ["", "plain", "scrypt$1$2", "scrypt$x$8$1$00$00", "scrypt$0$8$1$00$00", "bcrypt$2$8$1$00$00"]
)
def test_a_line_of_another_form_is_refused_without_repeating_it(line: str) -> None:
    with pytest.raises(
        ValueError, match=r"^the password hash is not of the form scrypt\$n\$r\$p\$salt\$hash$"
    ):
        check_hash(line)


def test_a_line_of_the_right_form_is_accepted() -> None:
    check_hash(HASH)
