"""Probes: what this process is allowed and can see where it runs, tried without changing anything."""

import asyncio
import contextlib
import os
import re
import socket
import ssl
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hyperhive.text import sound_text

CGROUP_ROOT: Final = Path("/sys/fs/cgroup")

_CONNECT_SECONDS: Final = 1.0
#: Device number of /dev/null, so that the one that is made in a moment of no walls is harmless.
_NULL_DEVICE: Final = os.makedev(1, 3)
_DEFAULT_ROUTE: Final = "00000000"
_HANDSHAKE_ROUNDS: Final = 8


def text_of(path: str) -> str:
    """A file of the kernel's; "" when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def namespace_links(kinds: Iterable[str]) -> dict[str, str]:
    """Kind -> `kind:[inode]` of this process, as far as the kernel has such namespaces."""
    found = {}
    for kind in kinds:
        path = Path("/proc/self/ns", kind)
        if path.is_symlink():
            found[kind] = str(path.readlink())
    return found


def names_in(directory: str) -> list[str] | None:
    """None when the directory may not be listed."""
    try:
        return sorted(sound_text(path.name).text for path in Path(directory).iterdir())
    except OSError:
        return None


def visible(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if os.path.lexists(path)]


def refused_file_in(directory: str) -> str | None:
    """Why no file can be made in a directory; None when one could, which is gone again."""
    try:
        # Where the file system supports it, the file has no name that could be left behind.
        with tempfile.TemporaryFile(dir=directory):
            return None
    except OSError as error:
        return error.strerror or str(error)


def openable(paths: Iterable[str]) -> list[str]:
    """Those of the existing files that open for writing; nothing is written."""
    found = []
    for path in paths:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError:
            continue
        os.close(descriptor)
        found.append(path)
    return found


def disk_size(path: str | Path) -> int:
    found = os.statvfs(path)
    return found.f_blocks * found.f_frsize


def refused_device_in(directory: str) -> str | None:
    """Why no device can be made below a directory; None when one could, which is gone again."""
    try:
        with tempfile.TemporaryDirectory(prefix=".selftest-", dir=directory) as own:
            os.mknod(f"{own}/null", stat.S_IFCHR | 0o600, _NULL_DEVICE)
    except OSError as error:
        return error.strerror or str(error)
    return None


def refused_socket(path: str) -> str | None:
    """Why a Unix socket takes no connection; None when it does. Nothing is sent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(_CONNECT_SECONDS)
        try:
            caller.connect(path)
        except OSError as error:
            return error.strerror or str(error)
    return None


def refused_new_socket(directory: Path) -> str | None:
    """Why nobody can listen and connect below a directory; None when it works."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="s", dir=directory) as own,
            socket.socket(socket.AF_UNIX) as listener,
        ):
            # Through a descriptor the path is short, whatever the directory's is.
            descriptor = os.open(own, os.O_RDONLY | os.O_DIRECTORY)
            try:
                path = f"/proc/self/fd/{descriptor}/s"
                listener.bind(path)
                listener.listen()
                return refused_socket(path)
            finally:
                os.close(descriptor)
    except OSError as error:
        return str(error)


def takes_connection(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.settimeout(_CONNECT_SECONDS)
        return caller.connect_ex((address, port)) == 0


def gateway() -> str | None:
    for line in text_of("/proc/net/route").splitlines()[1:]:
        fields = line.split()
        if len(fields) > 2 and fields[1] == _DEFAULT_ROUTE and re.fullmatch(r"[0-9A-F]{8}", fields[2]):
            # In the machine's own byte order, which is little-endian wherever Claude Code runs.
            return socket.inet_ntoa(bytes.fromhex(fields[2])[::-1])
    return None


def cgroup_texts(group: str, files: Iterable[str], root: Path = CGROUP_ROOT) -> dict[str, list[str]]:
    """File -> what it says in the control group and in each one above it, from `root` on.

    `group` is named as the kernel does: absolute, `/` is the root. A group without such a file says nothing.
    """
    start = root / group.lstrip("/")
    # A group outside of the own namespace is named with `..`, which leads nowhere here.
    chain = [] if ".." in start.parts else [start, *start.parents]
    inside = [directory for directory in chain if directory.is_relative_to(root)]
    return {
        file: [
            path.read_text(encoding="ascii").strip()
            for directory in inside
            if (path := directory / file).is_file()
        ]
        for file in files
    }


async def version_of(program: str) -> str:
    """What a program says to `--version` in an empty home; it is ended when the caller is cancelled.

    Raises an `OSError` when it cannot be started, a `CalledProcessError` when it failed.
    """
    command = (program, "--version")
    with tempfile.TemporaryDirectory() as home:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={"HOME": home, "PATH": os.environ.get("PATH", os.defpath)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output.decode(errors="replace").strip()


def certificate_expiry(certificate: Path, key: Path, name: str) -> float:
    """When the certificate ends, in seconds since 1970; who signed it is the browser's business, not ours.

    An `SSLError` says that it does not fit the key, is not for `name`, or does not hold now.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(certificate)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_HANDSHAKE_ROUNDS):
        if _shake_hands(near):
            break
        _shake_hands(far)
    shown: Any = near.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), tz=UTC).timestamp()


def _shake_hands(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
