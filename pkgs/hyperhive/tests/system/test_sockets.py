"""Unix sockets: modes, peers, and what a dead process left."""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperhive.errors import ConflictError, UnavailableError
from hyperhive.system.sockets import (
    Peer,
    listen_unix,
    make_directory,
    peer_of,
    peer_uid,
    remove_own,
    remove_stale,
)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name: a socket's path has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="hh-") as name:
        yield Path(name)


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_the_socket_has_exactly_the_mode_asked_for(directory: Path, mode: int) -> None:
    previous = os.umask(0o077)
    try:
        listener, inode = listen_unix(directory / "s", mode)
    finally:
        os.umask(previous)
    with listener:
        status = (directory / "s").lstat()
        assert (stat.S_IMODE(status.st_mode), status.st_ino) == (mode, inode)


def test_a_socket_that_a_dead_process_left_is_replaced(directory: Path) -> None:
    listen_unix(directory / "s", 0o600)[0].close()
    assert (directory / "s").is_socket()
    with listen_unix(directory / "s", 0o600)[0], socket.socket(socket.AF_UNIX) as client:
        client.connect(str(directory / "s"))


def test_a_socket_that_is_in_use_is_left_alone(directory: Path) -> None:
    with listen_unix(directory / "s", 0o600)[0]:
        with pytest.raises(ConflictError, match="another process listens there"):
            listen_unix(directory / "s", 0o600)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(directory / "s"))


def test_a_file_in_the_sockets_place_is_left_alone(directory: Path) -> None:
    (directory / "s").write_text("precious")
    with pytest.raises(ConflictError, match="not a socket"):
        remove_stale(directory / "s")
    assert (directory / "s").read_text() == "precious"


def test_a_path_that_is_too_long_is_named_in_the_refusal(directory: Path) -> None:
    path = directory / ("x" * 120)
    with pytest.raises(UnavailableError, match="x: cannot listen: AF_UNIX path too long"):
        listen_unix(path, 0o600)


def test_only_the_own_socket_is_removed(directory: Path) -> None:
    path = directory / "s"
    first, inode = listen_unix(path, 0o600)
    first.close()
    path.unlink()
    (directory / "keeps the inode from being used again").touch()
    second, _ = listen_unix(path, 0o600)
    with second:
        remove_own(path, inode)
        assert path.is_socket()
        remove_own(path, path.lstat().st_ino)
        assert not path.exists()
        remove_own(path, inode)


def test_who_is_at_the_other_end_is_the_kernels_word(directory: Path) -> None:
    with listen_unix(directory / "s", 0o600)[0] as listener, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(directory / "s"))
        server, _ = listener.accept()
        with server:
            assert peer_uid(server) == os.geteuid()
            assert peer_of(server) == Peer(os.getpid(), os.geteuid(), str(directory / "s"))


def test_a_directory_that_is_there_keeps_its_inode_and_gets_the_mode(directory: Path) -> None:
    path = directory / "alice"
    path.mkdir(mode=0o777)
    before = path.stat().st_ino
    make_directory(path, 0o711)
    assert (path.stat().st_ino, stat.S_IMODE(path.stat().st_mode)) == (before, 0o711)
