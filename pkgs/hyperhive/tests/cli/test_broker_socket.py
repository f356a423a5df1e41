import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hyperhive.cli.broker_socket import find_socket
from hyperhive.system.admin import BrokerUnreachableError
from tests.cli.conftest import Run

_NOBODY = 65534


@contextmanager
def _as_anybody() -> Iterator[None]:
    """Without root's right to open every file, which some machines run tests with."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(own)


def test_the_option_comes_before_the_variable_and_that_before_what_lies_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYPERHIVE_SOCKET", raising=False)
    with pytest.raises(
        BrokerUnreachableError, match=r"there is no \.hyperhive/run/admin\.sock, /run/hyperhive"
    ):
        find_socket(None)
    near = tmp_path / ".hyperhive" / "run" / "admin.sock"
    near.parent.mkdir(parents=True)
    near.touch()
    assert find_socket(None) == Path(".hyperhive/run/admin.sock")
    monkeypatch.setenv("HYPERHIVE_SOCKET", "/variable")
    assert find_socket(None) == Path("/variable")
    assert find_socket("/option") == Path("/option")


def test_a_socket_of_somebody_else_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYPERHIVE_SOCKET", raising=False)
    near = tmp_path / ".hyperhive" / "run" / "admin.sock"
    near.parent.mkdir(parents=True)
    near.touch(mode=0o400)
    for directory in (tmp_path, near.parent.parent, near.parent):
        directory.chmod(0o755)
    with (
        _as_anybody(),
        pytest.raises(
            BrokerUnreachableError, match=r"^the broker's socket \.hyperhive/run/admin\.sock is not for"
        ),
    ):
        find_socket(None)


def test_no_broker_is_an_exit_code_of_its_own(run: Run, tmp_path: Path) -> None:
    result = run("status", "--socket", tmp_path / "none.sock")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"hyperhive: unavailable: no broker answers on {tmp_path}/none.sock: ")
