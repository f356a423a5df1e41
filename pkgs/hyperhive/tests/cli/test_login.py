import io

import pytest

from hyperhive.domain.passwords import check_hash, matches
from tests.cli.conftest import Run, Running


def test_the_login_address_is_printed(run: Run, broker: Running) -> None:
    result = run("token", "--socket", broker.socket)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("http://127.0.0.1:")
    assert "/?token=" in result.out
    assert run("token", "--json", "--socket", broker.socket).document == {"url": result.out.strip()}


def test_the_printed_line_is_the_hash_of_the_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    result = run("hash-password", "--json")
    line = result.document["hash"]
    check_hash(line)
    assert result.code == 0
    assert matches("correct horse", line)
    assert not matches("correct house", line)


def test_a_short_password_is_refused_without_being_repeated(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret1\n"))
    result = run("hash-password")
    assert (result.code, result.out) == (1, "")
    assert result.err == ("hyperhive: invalid_request: password: must have at least 8 characters, has 7\n")
