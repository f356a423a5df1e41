"""Unix sockets: a listener with a fixed mode, who is at the other end, and what a dead process left."""

import contextlib
import errno
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.errors import ConflictError, UnavailableError

_BACKLOG: Final = 128
_PROBE_SECONDS: Final = 1.0
#: `struct ucred` of `SO_PEERCRED`: pid, uid, gid.
_UCRED: Final = struct.Struct("iII")


def make_directory(path: Path, mode: int) -> None:
    """Make `path`, whose parent exists, and set its mode, also when it was there before.

    It is never replaced: a container may have it bind-mounted and would keep looking at the old one.
    """
    path.mkdir(mode=mode, exist_ok=True)
    path.chmod(mode)


def listen_unix(path: Path, mode: int) -> tuple[socket.socket, int]:
    """A bound, listening, non-blocking socket with these permission bits, and its inode for `remove_own`.

    Raises a `ConflictError` when another process listens there, else an `UnavailableError` with the reason.
    """
    remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        # Between bind and listen every connect is refused, so nobody gets in under the wrong mode.
        path.chmod(mode)
        listener.listen(_BACKLOG)
        inode = path.lstat().st_ino
    except OSError as error:
        listener.close()
        raise UnavailableError(f"{path}: cannot listen: {error}") from error
    listener.setblocking(False)
    return listener, inode


def remove_stale(path: Path) -> None:
    """Remove the socket of a process that died; a `ConflictError` when one still listens."""
    if not path.exists():
        return
    if not path.is_socket():
        raise ConflictError(f"{path}: is in the way and not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except OSError as error:
            # A full backlog or a time-out means that somebody is there; only a refusal means nobody is.
            if error.errno not in {errno.ECONNREFUSED, errno.ENOENT}:
                raise ConflictError(f"{path}: cannot tell whether it is in use: {error}") from error
        else:
            raise ConflictError(f"{path}: another process listens there")
    path.unlink(missing_ok=True)


def remove_own(path: Path, inode: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_ino == inode:
            path.unlink()


@dataclass(frozen=True)
class Peer:
    #: As this process's pid namespace sees it; 0 when it is not in there.
    pid: int
    #: As this process's user namespace sees it.
    uid: int
    #: Path that this end of the connection was bound to.
    address: str


def peer_of(connection: socket.socket) -> Peer:
    """An `OSError` when the socket is closed or not a Unix socket."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, _ = _UCRED.unpack(credentials)
    return Peer(pid, uid, str(connection.getsockname()))


def peer_uid(connection: socket.socket) -> int:
    return peer_of(connection).uid
