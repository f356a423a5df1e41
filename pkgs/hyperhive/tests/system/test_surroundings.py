"""What this machine lets the tests do; inside of a container see tests/harness/test_selftest.py."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperhive.system import surroundings


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name: a socket's path has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="hh-") as name:
        yield Path(name)


def test_what_cannot_be_read_says_nothing(directory: Path) -> None:
    (directory / "x").write_bytes(b"a\xff\n")
    assert surroundings.text_of(str(directory / "x")) == "a�\n"
    assert surroundings.text_of(str(directory / "y")) == ""


def test_namespaces_are_named_with_their_inodes() -> None:
    inode = Path("/proc/self/ns/user").stat().st_ino
    assert surroundings.namespace_links(["user", "nothing"]) == {"user": f"user:[{inode}]"}


def test_a_directory_is_tried_and_left_as_it_was(directory: Path) -> None:
    assert surroundings.refused_file_in(str(directory)) is None
    assert surroundings.refused_file_in(str(directory / "none")) == "No such file or directory"
    # Even root cannot write there.
    assert surroundings.refused_file_in("/proc") is not None
    surroundings.refused_device_in(str(directory))
    assert surroundings.refused_device_in(str(directory / "none")) == "No such file or directory"
    assert list(directory.iterdir()) == []


def test_names_and_files_are_seen_where_they_are(directory: Path) -> None:
    (directory / "b").touch()
    (directory / "a").symlink_to("nowhere")
    assert surroundings.names_in(str(directory)) == ["a", "b"]
    assert surroundings.names_in(str(directory / "none")) is None
    there = str(directory / "a")
    assert surroundings.visible([there, str(directory / "none"), str(directory / "b" / "c")]) == [there]


def test_opening_for_writing_changes_nothing(directory: Path) -> None:
    path = directory / "x"
    path.write_text("text")
    before = path.stat().st_mtime_ns
    assert surroundings.openable([str(path), str(directory), str(directory / "none")]) == [str(path)]
    assert (path.read_text(), path.stat().st_mtime_ns) == ("text", before)


def test_a_socket_is_connected_to_and_nothing_is_sent(directory: Path) -> None:
    path = str(directory / "s")
    assert surroundings.refused_socket(path) == "No such file or directory"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        assert surroundings.refused_socket(path) == "Connection refused"
        listener.listen()
        assert surroundings.refused_socket(path) is None
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""


def test_a_port_takes_connections_while_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert surroundings.takes_connection("127.0.0.1", port)
    assert not surroundings.takes_connection("127.0.0.1", port)


def test_the_gateway_is_read_from_the_kernels_table(monkeypatch: pytest.MonkeyPatch) -> None:
    head = "Iface\tDestination\tGateway \tFlags\n"
    texts = {"": None, head: None, f"{head}eth0\t00000000\t0100E70A\t0003\n": "10.231.0.1"}
    texts[f"{head}eth0\t0000E70A\t00000000\t0001\n"] = None
    for text, expected in texts.items():
        monkeypatch.setattr(surroundings, "text_of", lambda _, text=text: text)
        assert surroundings.gateway() == expected


def test_the_device_of_a_moment_is_the_one_that_does_nothing() -> None:
    assert Path("/dev/null").stat().st_rdev == surroundings._NULL_DEVICE
