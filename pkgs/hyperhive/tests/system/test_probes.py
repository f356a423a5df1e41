"""What this machine lets the tests do; inside of a container see tests/harness/test_selftest.py."""

import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperhive.system import probes

FILES = ("memory.max", "pids.max")
DAY = 86_400


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name: a socket's path has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="hh-") as name:
        yield Path(name)


def test_what_cannot_be_read_says_nothing(directory: Path) -> None:
    (directory / "x").write_bytes(b"a\xff\n")
    assert probes.text_of(str(directory / "x")) == "a�\n"
    assert probes.text_of(str(directory / "y")) == ""


def test_namespaces_are_named_with_their_inodes() -> None:
    inode = Path("/proc/self/ns/user").stat().st_ino
    assert probes.namespace_links(["user", "nothing"]) == {"user": f"user:[{inode}]"}


def test_a_directory_is_tried_and_left_as_it_was(directory: Path) -> None:
    assert probes.refused_file_in(str(directory)) is None
    assert probes.refused_file_in(str(directory / "none")) == "No such file or directory"
    # Even root cannot write there.
    assert probes.refused_file_in("/proc") is not None
    probes.refused_device_in(str(directory))
    assert probes.refused_device_in(str(directory / "none")) == "No such file or directory"
    assert list(directory.iterdir()) == []


def test_names_and_files_are_seen_where_they_are(directory: Path) -> None:
    (directory / "b").touch()
    (directory / "a").symlink_to("nowhere")
    assert probes.names_in(str(directory)) == ["a", "b"]
    (directory / "t\udce9").touch()
    assert probes.names_in(str(directory)) == ["a", "b", "t\ufffd"]
    assert probes.names_in(str(directory / "none")) is None
    there = str(directory / "a")
    assert probes.visible([there, str(directory / "none"), str(directory / "b" / "c")]) == [there]


def test_opening_for_writing_changes_nothing(directory: Path) -> None:
    path = directory / "x"
    path.write_text("text")
    before = path.stat().st_mtime_ns
    assert probes.openable([str(path), str(directory), str(directory / "none")]) == [str(path)]
    assert (path.read_text(), path.stat().st_mtime_ns) == ("text", before)


def test_a_socket_is_connected_to_and_nothing_is_sent(directory: Path) -> None:
    path = str(directory / "s")
    assert probes.refused_socket(path) == "No such file or directory"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        assert probes.refused_socket(path) == "Connection refused"
        listener.listen()
        assert probes.refused_socket(path) is None
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""


def test_a_port_takes_connections_while_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert probes.takes_connection("127.0.0.1", port)
    assert not probes.takes_connection("127.0.0.1", port)


def test_the_gateway_is_read_from_the_kernels_table(monkeypatch: pytest.MonkeyPatch) -> None:
    head = "Iface\tDestination\tGateway \tFlags\n"
    texts = {"": None, head: None, f"{head}eth0\t00000000\t0100E70A\t0003\n": "10.231.0.1"}
    texts[f"{head}eth0\t0000E70A\t00000000\t0001\n"] = None
    for text, expected in texts.items():
        monkeypatch.setattr(probes, "text_of", lambda _, text=text: text)
        assert probes.gateway() == expected


def test_the_device_of_a_moment_is_the_one_that_does_nothing() -> None:
    assert Path("/dev/null").stat().st_rdev == probes._NULL_DEVICE


def test_a_new_socket_is_tried_and_left_nowhere(directory: Path) -> None:
    assert probes.refused_new_socket(directory) is None
    assert list(directory.iterdir()) == []
    assert probes.refused_new_socket(Path("/proc")) is not None


def test_a_group_and_those_above_it_are_read_up_to_the_root(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    unit = root / "machine.slice" / "unit"
    (unit / "payload").mkdir(parents=True)
    (tmp_path / "memory.max").write_text("not ours")
    (unit / "memory.max").write_text("1024\n")
    (unit / "payload" / "memory.max").write_text("max\n")
    (root / "machine.slice" / "pids.max").write_text("7\n")
    assert probes.cgroup_texts("/machine.slice/unit/payload", FILES, root) == {
        "memory.max": ["max", "1024"],
        "pids.max": ["7"],
    }
    assert probes.cgroup_texts("/", FILES, root) == {"memory.max": [], "pids.max": []}


def test_a_group_out_of_sight_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "pids.max").write_text("7")
    assert probes.cgroup_texts("/../../x", FILES, tmp_path / "a") == {"memory.max": [], "pids.max": []}


def make_certificate(directory: Path, days: int = 30) -> tuple[Path, Path]:
    certificate, key, request = (directory / name for name in ("cert.pem", "key.pem", "request.pem"))
    (directory / "extensions").write_text(
        "subjectAltName=DNS:hive.example\nbasicConstraints=critical,CA:FALSE\n"
    )
    for command in (
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=hive.example", "-keyout", key, "-out", request],
        ["x509", "-req", "-in", request, "-signkey", key, "-days", str(days),
         "-extfile", directory / "extensions", "-out", certificate],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return certificate, key


def test_a_certificate_says_when_it_ends(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    assert probes.certificate_expiry(certificate, key, "hive.example") == pytest.approx(
        time.time() + 30 * DAY, abs=DAY
    )


def test_another_name_is_refused(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        probes.certificate_expiry(certificate, key, "other.example")


def test_a_certificate_that_has_ended_is_refused(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, days=-1)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        probes.certificate_expiry(certificate, key, "hive.example")


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    certificate, _ = make_certificate(tmp_path)
    _, key = make_certificate(tmp_path / "other")
    with pytest.raises(ssl.SSLError):
        probes.certificate_expiry(certificate, key, "hive.example")
