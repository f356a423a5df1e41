"""Certificates: whether a chain and its key serve a name now, tried with a handshake in memory."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_ROUNDS: Final = 8


def expiry(certificate: Path, key: Path, name: str) -> float:
    """When the certificate ends, in seconds since 1970.

    It is trusted as it lies there: who signed it is the browser's business, not ours.

    Raises:
        ssl.SSLError: It does not fit the key, is not for `name`, or does not hold now; the reason is in it.
        OSError: A file cannot be read.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(certificate)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_ROUNDS):
        if _step(near):
            break
        _step(far)
    shown: Any = near.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), tz=UTC).timestamp()


def _step(side: ssl.SSLObject) -> bool:
    """Go on with a handshake; whether it is done."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
